import { DecodeError } from '@iot/wire';
import type { NumberReader } from './numbers.ts';
import { DELTA, DELTA2, ESCAPE, NUMBERS, OCTETS, OFFSET, SEEDS, ZEROS } from './plan.ts';

/** Reads series of integers from streams that may be hostile. */
export class IntegerReader {
  readonly #numbers: NumberReader;
  readonly #octets: Uint8Array;
  /** Octets read. */
  #at = 0;

  constructor(numbers: NumberReader, octets: Uint8Array) {
    this.#numbers = numbers;
    this.#octets = octets;
  }

  /**
   * Reads `count` ≥ 1 integers into `into`: see IntegerWriter.series. They are safe integers as long as their sums are:
   * the caller checks the range it needs.
   */
  series(into: Float64Array, count: number, base?: Float64Array): void {
    if (count === 1) {
      into[0] = this.#numbers.number() + (base ? base[0] : 0);
      return;
    }
    const plan = this.#numbers.nibble();
    const predictor = plan >> 2;
    if (predictor > DELTA2) throw new DecodeError('batch/bad-plan', `plan ${plan} is not known here`);
    const a = this.#numbers.number();
    const b = predictor === DELTA2 ? this.#numbers.number() : 0;
    this.#residuals(plan & 3, into, SEEDS[predictor], count);
    if (predictor === OFFSET) addOffset(into, count, a, base);
    else sum(into, count, a, predictor === DELTA ? undefined : b);
  }

  /** Refuses octets left over. */
  end(): void {
    this.#numbers.end();
    if (this.#at !== this.#octets.length)
      throw new DecodeError('batch/trailing', `${this.#octets.length - this.#at} octets belong to no column`);
  }

  #residuals(storage: number, into: Float64Array, seeds: number, count: number): void {
    const numbers = this.#numbers;
    if (storage === ZEROS) {
      into.fill(0, seeds, count);
    } else if (storage === NUMBERS) {
      for (let i = seeds; i < count; i++) into[i] = numbers.number();
    } else if (storage === OCTETS) {
      const octets = this.#take(count - seeds);
      for (let i = seeds; i < count; i++) {
        const r = (octets[i - seeds] << 24) >> 24;
        into[i] = r === ESCAPE ? numbers.number() : r;
      }
    } else {
      const planes = this.#take(2 * (count - seeds));
      const high = count - 2 * seeds;
      for (let i = seeds; i < count; i++) into[i] = ((planes[high + i] << 24) >> 16) | planes[i - seeds];
    }
  }

  #take(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#octets.length) throw new DecodeError('batch/truncated', 'the octets end too soon');
    const view = this.#octets.subarray(this.#at, end);
    this.#at = end;
    return view;
  }
}

function addOffset(into: Float64Array, count: number, a: number, base: Float64Array | undefined): void {
  if (base) for (let i = 0; i < count; i++) into[i] += a + base[i];
  else for (let i = 0; i < count; i++) into[i] += a;
}

/** Running sum from `a`; where `b` is given, of the running sum from `b`. */
function sum(into: Float64Array, count: number, a: number, b: number | undefined): void {
  let value = a;
  into[0] = value;
  if (b === undefined) {
    for (let i = 1; i < count; i++) {
      value += into[i];
      into[i] = value;
    }
    return;
  }
  let step = b;
  into[1] = 0;
  for (let i = 1; i < count; i++) {
    step += into[i];
    value += step;
    into[i] = value;
  }
}
