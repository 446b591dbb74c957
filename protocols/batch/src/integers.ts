import { NumberWriter } from './numbers.ts';
import {
  choosePlan,
  DELTA2,
  ESCAPE,
  NUMBERS,
  OCTETS,
  OFFSET,
  PLANES,
  type Plan,
  residual,
  SEEDS,
  ZEROS,
} from './plan.ts';

/** Writes series of integers into the two streams that a body has for them. */
export class IntegerWriter {
  readonly numbers = new NumberWriter();
  #octets = new Uint8Array(1024);
  #length = 0;

  /** `count` ≥ 1 integers. `base`: what they are likely to be a constant distance from; zeros where undefined. */
  series(values: Float64Array, count: number, base?: Float64Array): void {
    if (count === 1) {
      this.numbers.number(values[0] - (base ? base[0] : 0));
      return;
    }
    const plan = choosePlan(values, base, count);
    this.numbers.nibble((plan.predictor << 2) | plan.storage);
    this.numbers.number(plan.predictor === OFFSET ? plan.center : values[0]);
    if (plan.predictor === DELTA2) this.numbers.number(values[1] - values[0]);
    if (plan.storage !== ZEROS) this.#residuals(plan, values, base, count);
  }

  get octets(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }

  #residuals(
    { predictor, storage, center }: Plan,
    values: Float64Array,
    base: Float64Array | undefined,
    count: number,
  ): void {
    const seeds = SEEDS[predictor];
    const from = storage === NUMBERS ? 0 : this.#reserve((count - seeds) * (storage === PLANES ? 2 : 1)) - seeds;
    const octets = this.#octets;
    const plane = count - seeds;
    for (let i = seeds; i < count; i++) {
      const r = residual(predictor, values, base, center, i);
      if (storage === OCTETS && r > ESCAPE && r < 128) {
        octets[from + i] = r;
      } else if (storage === PLANES) {
        octets[from + i] = r;
        octets[from + plane + i] = r >> 8;
      } else {
        if (storage === OCTETS) octets[from + i] = ESCAPE;
        this.numbers.number(r);
      }
    }
  }

  /** Makes room for `count` octets and returns where they go. */
  #reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#octets.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#octets.length * 2));
      grown.set(this.#octets);
      this.#octets = grown;
    }
    return at;
  }
}
