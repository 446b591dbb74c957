import { INLINE_MAX, tailBytes } from './numbers.ts';

/**
 * How a column's integers are stored: a predictor and where its residuals are. Both are chosen per column by an
 * estimate of what they cost after DEFLATE, since noise is cheapest as it is and a ramp as differences.
 */

/** Offset: `a + base[i] + r[i]`. Delta: `a`, then running sum of r. Delta of delta: `a`, `b`, then twice. 3 is free. */
export const OFFSET = 0;
export const DELTA = 1;
export const DELTA2 = 2;
/** Residuals a predictor has fewer than the column has rows. */
export const SEEDS = [0, 1, 2];

/** All residuals are 0; numbers; bytes (-128: the residual is in the number stream); low bytes, then high bytes. */
export const ZEROS = 0;
export const NUMBERS = 1;
export const OCTETS = 2;
export const PLANES = 3;
export const ESCAPE = -128;

export interface Plan {
  readonly predictor: number;
  readonly storage: number;
  /** OFFSET: what residuals are counted from. */
  readonly center: number;
}

/** Rows that an estimate looks at: enough for its purpose, and bounded. */
const SAMPLE_ROWS = 1024;
/** Bits that a symbol adds to the description of a Huffman table, as measured. */
const BITS_A_SYMBOL = 5;
/** Bits of a residual in two planes, as measured on engine speeds and times. */
const BITS_IN_PLANES = 13;
/** Differences of differences must stay exact in doubles. */
const SPAN_MAX = 2 ** 50;

/** Sum of c·log2(c) over a histogram grows by this where a count becomes c. */
const growth = Float64Array.from({ length: SAMPLE_ROWS + 1 }, (_, c) =>
  c < 2 ? 0 : c * Math.log2(c) - (c - 1) * Math.log2(c - 1),
);
const histogram = new Uint16Array(256);
/** Residuals under estimate. */
const sample = new Float64Array(SAMPLE_ROWS);

/** Chooses for `count` ≥ 2 integers. `base`: what OFFSET counts from where it is not 0, the times of another table. */
export function choosePlan(values: Float64Array, base: Float64Array | undefined, count: number): Plan {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < count; i++) {
    const value = base ? values[i] - base[i] : values[i];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low === high) return { predictor: OFFSET, storage: ZEROS, center: low };
  if (high - low > SPAN_MAX) return { predictor: OFFSET, storage: NUMBERS, center: 0 };
  const center = Math.floor((low + high) / 2);
  const rows = Math.min(count, SAMPLE_ROWS);
  let best = { predictor: OFFSET, storage: NUMBERS, center };
  let bestBits = Infinity;
  for (let predictor = OFFSET; predictor <= DELTA2; predictor++) {
    for (let i = SEEDS[predictor]; i < rows; i++) sample[i] = residual(predictor, values, base, center, i);
    const seeds = seedBits(predictor, values, center);
    const { storage, bits } = estimate(sample, SEEDS[predictor], rows);
    if (seeds + bits >= bestBits) continue;
    best = { predictor, storage, center };
    bestBits = seeds + bits;
  }
  return { ...best, storage: storageForAll(best, values, base, count) };
}

/** The sample's storage, or one that also holds the rows after it. */
function storageForAll(plan: Plan, values: Float64Array, base: Float64Array | undefined, count: number): number {
  if (plan.storage !== ZEROS && plan.storage !== PLANES) return plan.storage;
  const limit = plan.storage === ZEROS ? 0 : 0x7fff;
  for (let i = SEEDS[plan.predictor]; i < count; i++) {
    const r = residual(plan.predictor, values, base, plan.center, i);
    if (r > limit || r < -limit) return plan.storage === ZEROS ? OCTETS : NUMBERS;
  }
  return plan.storage;
}

/** What a series starts with, in bits beyond what all have. */
function seedBits(predictor: number, values: Float64Array, center: number): number {
  if (predictor === OFFSET) return 8 * tailBytes(center);
  const first = 8 * tailBytes(values[0]);
  return predictor === DELTA ? first : first + 4 + 8 * tailBytes(values[1] - values[0]);
}

/** The cheapest storage for residuals `from` up to `to`, and its bits after DEFLATE. */
function estimate(residuals: Float64Array, from: number, to: number): { storage: number; bits: number } {
  histogram.fill(0);
  let symbols = 0;
  let grown = 0;
  let escapedBits = 0;
  /** Residuals that are a nibble and no more. */
  let inlined = 0;
  let escaped = 0;
  for (let i = from; i < to; i++) {
    const r = residuals[i];
    let symbol = 0;
    if (r > ESCAPE && r < 128) {
      symbol = (r - ESCAPE) | 0;
      if (r >= -INLINE_MAX && r <= INLINE_MAX) inlined++;
    } else {
      escaped++;
      escapedBits += 4 + 8 * tailBytes(r);
    }
    const seen = ++histogram[symbol];
    if (seen === 1) symbols++;
    else grown += growth[seen];
  }
  const total = to - from;
  if (histogram[-ESCAPE] === total) return { storage: ZEROS, bits: 0 };
  const numberBits = 4 * inlined + 12 * (total - inlined - escaped) + escapedBits;
  const octetBits = total * Math.log2(total) - grown + symbols * BITS_A_SYMBOL + escapedBits;
  const planeBits = total * BITS_IN_PLANES;
  if (numberBits <= octetBits && numberBits <= planeBits) return { storage: NUMBERS, bits: numberBits };
  return octetBits <= planeBits ? { storage: OCTETS, bits: octetBits } : { storage: PLANES, bits: planeBits };
}

/** Residual of row i. */
export function residual(
  predictor: number,
  values: Float64Array,
  base: Float64Array | undefined,
  center: number,
  i: number,
): number {
  if (predictor === OFFSET) return values[i] - center - (base ? base[i] : 0);
  if (predictor === DELTA) return values[i] - values[i - 1];
  return values[i] - 2 * values[i - 1] + values[i - 2];
}
