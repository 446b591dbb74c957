import type { Series } from '../../console/data.ts';

type Columns = Omit<Series, 'unit'>;

/** One value, or several of which the extremes, the sum and the count are known. */
interface Sample {
  readonly timeMs: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
}

/** A plot's readings in at most `points` buckets over [fromMs, toMs]; single readings where there are no more than that. */
export class Buckets {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #points: number;
  readonly #stepMs: number;
  readonly #buckets: ({ min: number; max: number; sum: number; count: number } | undefined)[] = [];
  /** Undefined once there are more than fit. */
  #singles: { readonly timeMs: number; readonly value: number }[] | undefined;

  /** `stepMsMin` is the width of what is added: samples of a minute make no buckets of a second, and are no single readings. */
  constructor(fromMs: number, toMs: number, points: number, stepMsMin = 0) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#points = points;
    this.#stepMs = Math.max(stepMsMin, (toMs - fromMs) / points, Number.EPSILON);
    this.#singles = stepMsMin === 0 ? [] : undefined;
  }

  addReading(timeMs: number, value: number): void {
    if (timeMs < this.#fromMs || timeMs > this.#toMs) return;
    this.#singles?.push({ timeMs, value });
    if (this.#singles && this.#singles.length > this.#points) this.#singles = undefined;
    this.#add({ timeMs, min: value, max: value, sum: value, count: 1 });
  }

  /** A sample that overlaps the start of the span belongs to the first bucket. */
  addSample(sample: Sample): void {
    this.#add({ ...sample, timeMs: Math.max(sample.timeMs, this.#fromMs) });
  }

  columns(): Columns {
    if (this.#singles) {
      const singles = this.#singles.sort((a, b) => a.timeMs - b.timeMs);
      const values = singles.map(({ value }) => value);
      return { stepMs: 0, timesMs: singles.map(({ timeMs }) => timeMs), min: values, mean: values, max: values };
    }
    const filled = this.#buckets.flatMap((bucket, i) => (bucket ? [{ ...bucket, i }] : []));
    return {
      stepMs: this.#stepMs,
      timesMs: filled.map(({ i }) => this.#fromMs + i * this.#stepMs),
      min: filled.map(({ min }) => min),
      mean: filled.map(({ sum, count }) => sum / count),
      max: filled.map(({ max }) => max),
    };
  }

  #add({ timeMs, min, max, sum, count }: Sample): void {
    // The end of the span is in its last bucket.
    const i = Math.min(this.#points - 1, Math.floor((timeMs - this.#fromMs) / this.#stepMs));
    const bucket = this.#buckets[i];
    if (!bucket) {
      this.#buckets[i] = { min, max, sum, count };
      return;
    }
    if (min < bucket.min) bucket.min = min;
    if (max > bucket.max) bucket.max = max;
    bucket.sum += sum;
    bucket.count += count;
  }
}
