import { ARRAY, BYTES, FALSE, FLOAT64, MAP, NEGATIVE, NULL, TAG, TEXT, TRUE, UINT } from './cbor.ts';

const encoder = new TextEncoder();

/**
 * Writes CBOR items with definite lengths and the shortest heads (RFC 8949 §4.2.1), so that equal values give
 * equal bytes: schemas are named by the hash of theirs. Floats are written as 64 bits, never shortened.
 */
export class CborWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** A view of what was written, good until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Integer, at most 53 bits. */
  int(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not an integer of 53 bits: ${value}`);
    if (value < 0) this.#head(NEGATIVE, -1 - value);
    else this.#head(UINT, value);
  }

  /** Integer where it is one (and not -0), else 64-bit float. */
  number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.int(value);
    else this.float(value);
  }

  float(value: number): void {
    const at = this.#reserve(9);
    this.#bytes[at] = FLOAT64;
    this.#view.setFloat64(at + 1, value);
  }

  bytes(value: Uint8Array): void {
    this.#head(BYTES, value.length);
    this.raw(value);
  }

  text(value: string): void {
    const utf8 = encoder.encode(value);
    this.#head(TEXT, utf8.length);
    this.raw(utf8);
  }

  array(items: number): void {
    this.#head(ARRAY, items);
  }

  map(pairs: number): void {
    this.#head(MAP, pairs);
  }

  tag(tag: number): void {
    this.#head(TAG, tag);
  }

  boolean(value: boolean): void {
    this.#byte(value ? TRUE : FALSE);
  }

  null(): void {
    this.#byte(NULL);
  }

  /** Bytes as they are: an item that is encoded already. */
  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  #byte(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  #head(major: number, value: number): void {
    const type = major << 5;
    if (value < 24) {
      this.#byte(type | value);
    } else if (value < 0x100) {
      const at = this.#reserve(2);
      this.#bytes[at] = type | 24;
      this.#bytes[at + 1] = value;
    } else if (value < 0x1_0000) {
      const at = this.#reserve(3);
      this.#bytes[at] = type | 25;
      this.#view.setUint16(at + 1, value);
    } else if (value < 0x1_0000_0000) {
      const at = this.#reserve(5);
      this.#bytes[at] = type | 26;
      this.#view.setUint32(at + 1, value);
    } else {
      const at = this.#reserve(9);
      this.#bytes[at] = type | 27;
      this.#view.setUint32(at + 1, Math.floor(value / 0x1_0000_0000));
      this.#view.setUint32(at + 5, value >>> 0);
    }
  }

  /** Makes room for `count` bytes and returns where they go. Read #bytes and #view after it: they may be new. */
  #reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
