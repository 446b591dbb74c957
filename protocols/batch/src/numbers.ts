import { DecodeError } from '@iot/wire';

/**
 * The number stream: small integers in half a byte. Every number has a nibble in `heads` (high nibble first); 0 to 8 are
 * the numbers -4 to 4 themselves, 9 to 15 say that 1 to 7 bytes follow in `tails`, little endian two's complement.
 * A one-second batch is mostly flags, counts and small differences: CBOR integers would cost it a quarter more.
 */
export const INLINE_MAX = 4;
const INLINE_HEADS = 2 * INLINE_MAX + 1;
const TAIL_BYTES_MAX = 15 - INLINE_HEADS + 1;

/** Bytes that a number takes in `tails`. */
export function tailBytes(value: number): number {
  if (value >= -INLINE_MAX && value <= INLINE_MAX) return 0;
  if (value >= -0x80 && value < 0x80) return 1;
  if (value >= -0x8000 && value < 0x8000) return 2;
  if (value >= -0x80_0000 && value < 0x80_0000) return 3;
  if (value >= -0x8000_0000 && value < 0x8000_0000) return 4;
  if (value >= -0x80_0000_0000 && value < 0x80_0000_0000) return 5;
  return value >= -0x8000_0000_0000 && value < 0x8000_0000_0000 ? 6 : TAIL_BYTES_MAX;
}

export class NumberWriter {
  #heads = new Uint8Array(256);
  #tails = new Uint8Array(256);
  #headCount = 0;
  #tailCount = 0;

  /** A nibble that is no number: a column's plan. */
  nibble(value: number): void {
    const at = this.#headCount >> 1;
    if (at === this.#heads.length) this.#heads = doubled(this.#heads);
    if (this.#headCount++ & 1) this.#heads[at] |= value;
    else this.#heads[at] = value << 4;
  }

  /** Integer of at most 53 bits. */
  number(value: number): void {
    const bytes = tailBytes(value);
    if (bytes === 0) {
      this.nibble(value + INLINE_MAX);
      return;
    }
    this.nibble(INLINE_HEADS - 1 + bytes);
    if (this.#tailCount + bytes > this.#tails.length) this.#tails = doubled(this.#tails);
    let rest = value;
    for (let i = 0; i < bytes; i++) {
      const low = rest & 0xff;
      this.#tails[this.#tailCount++] = low;
      rest = (rest - low) / 0x100;
    }
  }

  get heads(): Uint8Array {
    return this.#heads.subarray(0, (this.#headCount + 1) >> 1);
  }

  get tails(): Uint8Array {
    return this.#tails.subarray(0, this.#tailCount);
  }
}

/** Reads a number stream that may be hostile. */
export class NumberReader {
  readonly #heads: Uint8Array;
  readonly #tails: Uint8Array;
  #head = 0;
  #tail = 0;

  constructor(heads: Uint8Array, tails: Uint8Array) {
    this.#heads = heads;
    this.#tails = tails;
  }

  nibble(): number {
    const at = this.#head >> 1;
    if (at >= this.#heads.length) throw new DecodeError('batch/truncated', 'the number stream ends too soon');
    return this.#head++ & 1 ? this.#heads[at] & 0xf : this.#heads[at] >> 4;
  }

  number(): number {
    const head = this.nibble();
    if (head < INLINE_HEADS) return head - INLINE_MAX;
    const bytes = head - INLINE_HEADS + 1;
    const end = this.#tail + bytes;
    if (end > this.#tails.length)
      throw new DecodeError('batch/truncated', 'the tails of the number stream end too soon');
    let value = (this.#tails[end - 1] << 24) >> 24;
    for (let at = end - 2; at >= this.#tail; at--) value = value * 0x100 + this.#tails[at];
    this.#tail = end;
    if (!Number.isSafeInteger(value)) throw new DecodeError('batch/out-of-range', 'a number has more than 53 bits');
    return value;
  }

  /** A count or index: refused where it is not in 0 to max. */
  count(what: string, max: number, before = 0): number {
    const value = before + this.number();
    if (value < 0 || value > max)
      throw new DecodeError('batch/out-of-range', `${what} is ${value}, 0 to ${max} is allowed`);
    return value;
  }

  /** Refuses what is left over: a message has one encoding only. */
  end(): void {
    const used = (this.#head + 1) >> 1;
    const padding = this.#head & 1 ? this.#heads[used - 1] & 0xf : 0;
    if (used !== this.#heads.length || padding !== 0 || this.#tail !== this.#tails.length)
      throw new DecodeError('batch/trailing', 'the number stream goes on after its end');
  }
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(bytes.length * 2);
  grown.set(bytes);
  return grown;
}
