import { DecodeError } from '@iot/wire';
import {
  ARRAY,
  BYTES,
  ELEMENT_BYTES,
  FALSE,
  FLOAT64,
  MAP,
  NEGATIVE,
  NULL,
  SIMPLE,
  TAG,
  TEXT,
  TRUE,
  UINT,
} from './cbor.ts';
import { TEXT_BYTES_MAX } from './limits.ts';

const MAJOR_NAMES = [
  'unsigned integer',
  'negative integer',
  'byte string',
  'text',
  'array',
  'map',
  'tag',
  'simple value',
];
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A typed array of RFC 8746 as it lies in the message. */
export interface TypedArray {
  readonly tag: number;
  /** Elements. */
  readonly length: number;
  /** View into the message; not aligned. */
  readonly bytes: Uint8Array;
}

/**
 * Reads the CBOR items that our grammar has, one by one, from bytes that may be hostile. Nothing is allocated for what
 * a head claims before the bytes it claims are there, indefinite lengths, bignums and unknown tags are refused, and
 * nesting is bounded by the grammar, since only the caller opens an array.
 */
export class CborReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Offset of the next item. */
  at = 0;

  constructor(bytes: Uint8Array) {
    // A Buffer's slice() is no copy: callers get plain arrays, whatever the message came in.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Major type of the next item. */
  peek(): number {
    if (this.at >= this.bytes.length) throw this.#truncated(1);
    return this.bytes[this.at] >> 5;
  }

  get done(): boolean {
    return this.at === this.bytes.length;
  }

  end(): void {
    if (!this.done) throw this.error('trailing', `${this.bytes.length - this.at} bytes after the end`);
  }

  uint(what: string, max: number = Number.MAX_SAFE_INTEGER): number {
    const at = this.at;
    const value = this.#head(UINT, what);
    if (value > max) throw new DecodeError('batch/out-of-range', `${what} is ${value}, at most ${max} is allowed`, at);
    return value;
  }

  /** Integer of at most 53 bits. */
  int(what: string): number {
    return this.peek() === NEGATIVE ? -1 - this.#head(NEGATIVE, what) : this.#head(UINT, what);
  }

  /** A view of a byte string. */
  byteString(what: string, length?: number): Uint8Array {
    const at = this.at;
    const count = this.#head(BYTES, what);
    if (length !== undefined && count !== length)
      throw new DecodeError('batch/out-of-range', `${what} has ${count} bytes, not ${length}`, at);
    return this.#take(count);
  }

  text(what: string, bytesMax: number = TEXT_BYTES_MAX): string {
    const at = this.at;
    const count = this.#head(TEXT, what);
    if (count > bytesMax)
      throw new DecodeError('batch/out-of-range', `${what} has ${count} bytes, at most ${bytesMax} are allowed`, at);
    const utf8 = this.#take(count);
    try {
      return decoder.decode(utf8);
    } catch {
      throw new DecodeError('batch/bad-utf8', `${what} is not UTF-8`, at);
    }
  }

  /** All that is left, unread. */
  rest(): Uint8Array {
    return this.#take(this.bytes.length - this.at);
  }

  /** Opens an array; every item takes a byte at least, so its count is bounded by what is left. */
  array(what: string, max: number, min = 0): number {
    return this.#count(ARRAY, what, min, max, 1);
  }

  map(what: string, max: number): number {
    return this.#count(MAP, what, 0, max, 2);
  }

  /** A number: integer or 64-bit float. */
  number(what: string): number {
    if (this.peek() !== SIMPLE) return this.int(what);
    const at = this.at;
    if (this.bytes[at] !== FLOAT64) throw this.error('bad-type', `${what} is not a number`);
    this.at++;
    this.#take(8);
    return this.#view.getFloat64(at + 1);
  }

  /** A scalar of an event's attribute. */
  scalar(what: string): string | number | boolean | null {
    const first = this.peek() === SIMPLE ? this.bytes[this.at] : undefined;
    if (first === NULL || first === TRUE || first === FALSE) {
      this.at++;
      return first === NULL ? null : first === TRUE;
    }
    return this.peek() === TEXT ? this.text(what) : this.number(what);
  }

  /** True, and past it, where the next item is null. */
  null(): boolean {
    this.peek();
    if (this.bytes[this.at] !== NULL) return false;
    this.at++;
    return true;
  }

  /** A typed array with one of `tags`. */
  typedArray(what: string, tags: readonly number[]): TypedArray {
    const at = this.at;
    const tag = this.#head(TAG, what);
    if (!tags.includes(tag)) throw new DecodeError('batch/bad-tag', `${what} has tag ${tag}`, at);
    const bytes = this.byteString(what);
    const width = ELEMENT_BYTES[tag];
    if (bytes.length % width !== 0)
      throw new DecodeError('batch/out-of-range', `${what} has ${bytes.length} bytes for elements of ${width}`, at);
    return { tag, length: bytes.length / width, bytes };
  }

  error(code: string, message: string): DecodeError {
    return new DecodeError(`batch/${code}`, message, this.at);
  }

  #count(major: number, what: string, min: number, max: number, bytesEach: number): number {
    const at = this.at;
    const count = this.#head(major, what);
    if (count < min || count > max)
      throw new DecodeError('batch/out-of-range', `${what} has ${count} items, ${min} to ${max} are allowed`, at);
    if (count * bytesEach > this.bytes.length - this.at) throw this.#truncated(count * bytesEach);
    return count;
  }

  /** Argument of the next item's head (RFC 8949 §3), which must be of this major type. */
  #head(major: number, what: string): number {
    if (this.peek() !== major)
      throw this.error('bad-type', `${what}: expected ${MAJOR_NAMES[major]}, found ${MAJOR_NAMES[this.peek()]}`);
    const info = this.bytes[this.at] & 0x1f;
    if (info < 24) {
      this.at++;
      return info;
    }
    if (info > 27)
      throw this.error(info === 31 ? 'indefinite' : 'reserved', `${what}: only definite lengths of RFC 8949 are read`);
    const width = 1 << (info - 24);
    if (width >= this.bytes.length - this.at) throw this.#truncated(width + 1);
    const at = this.at + 1;
    const value = this.#argument(at, width);
    if (value > Number.MAX_SAFE_INTEGER) throw this.error('out-of-range', `${what} has more than 53 bits`);
    this.at = at + width;
    return value;
  }

  #argument(at: number, width: number): number {
    if (width === 1) return this.bytes[at];
    if (width === 2) return this.#view.getUint16(at);
    if (width === 4) return this.#view.getUint32(at);
    return this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
  }

  #take(count: number): Uint8Array {
    if (count > this.bytes.length - this.at) throw this.#truncated(count);
    const view = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return view;
  }

  #truncated(needed: number): DecodeError {
    return this.error('truncated', `${needed} bytes are needed, ${this.bytes.length - this.at} are left`);
  }
}
