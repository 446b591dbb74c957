import type { ColumnType } from '@iot/wire';
import type { DbcSignal } from './types.ts';

/**
 * JavaScript expressions that read a signal's raw bits from `data` at `at`. They are built from numbers only, so that
 * nothing a file says becomes code. Pieces of at most 24 bits lie in at most four bytes and fit 32-bit arithmetic.
 */
const PIECE_BITS = 24;

/** How a signal's raw values are held: the narrowest type that holds every one exactly. */
export function columnTypeOf({ float, bitLength, signed }: DbcSignal): ColumnType {
  if (float) return float === 'single' ? 'float32' : 'float64';
  if (bitLength <= (signed ? 32 : 31)) return 'int32';
  if (bitLength <= 53) return 'int53';
  return signed ? 'int64' : 'uint64';
}

/** Bytes that a payload must have for the signal to be in it. */
export function bytesNeeded({ littleEndian, startBit, bitLength }: DbcSignal): number {
  if (littleEndian) return ((startBit + bitLength - 1) >> 3) + 1;
  return ((topOf(startBit) + bitLength - 1) >> 3) + 1;
}

/** Position of a big endian signal's top bit, counted from the first byte's top bit. */
function topOf(startBit: number): number {
  return (startBit & ~7) + (7 - (startBit & 7));
}

/** Bits `low` up to `low + length` of the signal (0 is its least significant), at most 25 of them: a number below 2^length. */
function piece(signal: DbcSignal, low: number, length: number): string {
  const mask = `0x${(2 ** length - 1).toString(16)}`;
  const terms: string[] = [];
  if (signal.littleEndian) {
    const first = signal.startBit + low;
    const [from, to] = [first >> 3, (first + length - 1) >> 3];
    for (let byte = from; byte <= to; byte++) terms.push(term(byte, (byte - from) * 8));
    return masked(terms, first & 7, mask);
  }
  const last = topOf(signal.startBit) + signal.bitLength - 1 - low;
  const [from, to] = [(last - length + 1) >> 3, last >> 3];
  for (let byte = to; byte >= from; byte--) terms.push(term(byte, (to - byte) * 8));
  return masked(terms, 7 - (last & 7), mask);
}

function term(byte: number, shift: number): string {
  const value = byte === 0 ? 'data[at]' : `data[at + ${byte}]`;
  return shift === 0 ? value : `${value} << ${shift}`;
}

function masked(terms: readonly string[], shift: number, mask: string): string {
  const all = `(${terms.join(' | ')})`;
  return `((${shift === 0 ? all : `${all} >>> ${shift}`}) & ${mask})`;
}

/** `length` bits from `low` as an unsigned number; exact up to 53 bits. */
function unsigned(signal: DbcSignal, low: number, length: number): string {
  if (length <= PIECE_BITS) return piece(signal, low, length);
  const sum: string[] = [];
  for (let done = 0; done < length; done += PIECE_BITS) {
    const part = piece(signal, low + done, Math.min(PIECE_BITS, length - done));
    sum.push(done === 0 ? part : `${part} * ${2 ** done}`);
  }
  return `(${sum.join(' + ')})`;
}

/** The raw value as an integer: a number up to 53 bits, beyond that a BigInt. */
export function rawExpression(signal: DbcSignal): string {
  const { bitLength, signed } = signal;
  if (bitLength > 53) {
    const all = `(BigInt(${unsigned(signal, 32, bitLength - 32)}) << 32n | BigInt(${unsigned(signal, 0, 32)}))`;
    return signed ? `BigInt.asIntN(${bitLength}, ${all})` : all;
  }
  if (!signed) return unsigned(signal, 0, bitLength);
  if (bitLength <= PIECE_BITS) return `(${piece(signal, 0, bitLength)} << ${32 - bitLength} >> ${32 - bitLength})`;
  // Sign-extend the topmost piece only: what is below it is added.
  const below = Math.floor((bitLength - 1) / PIECE_BITS) * PIECE_BITS;
  const top = bitLength - below;
  const high = `(${piece(signal, below, top)} << ${32 - top} >> ${32 - top})`;
  return `(${high} * ${2 ** below} + ${unsigned(signal, 0, below)})`;
}

/** The words of a float's bits, least significant first. */
export function floatWords(signal: DbcSignal): readonly string[] {
  const words = signal.bitLength === 32 ? [0] : [0, 32];
  return words.map((low) => unsigned(signal, low, 32));
}
