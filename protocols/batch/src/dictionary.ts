import type { Column } from '@iot/wire';
import { TAG_FLOAT32, TAG_FLOAT64, TAG_SINT64, TAG_UINT64 } from './cbor.ts';
import type { CborWriter } from './write.ts';

/**
 * Columns that are not integers of 53 bits: their different values, by bits, in the order they appear first, and for
 * each row the index of its value. So a constant costs its value once, and indices are integers like any others.
 */

/** Tag of the typed array that holds such a column's values. */
export const DICTIONARY_TAG = {
  int64: TAG_SINT64,
  uint64: TAG_UINT64,
  float32: TAG_FLOAT32,
  float64: TAG_FLOAT64,
} as const;

/** Writes the values of `column` and puts the index of each row into `indices`. */
export function writeDictionary(writer: CborWriter, column: Column, count: number, indices: Float64Array): void {
  if (column.type === 'text') {
    const texts = indexBy(count, indices, (row) => column.values[row] as string);
    writer.array(texts.length);
    for (const row of texts) writer.text(column.values[row] as string);
    return;
  }
  const keyOf = keyOfRow(column);
  const rows = indexBy(count, indices, keyOf);
  const source = column.values as Float64Array;
  const width = source.BYTES_PER_ELEMENT;
  const memory = new Uint8Array(source.buffer, source.byteOffset, count * width);
  const distinct = new Uint8Array(rows.length * width);
  rows.forEach((row, i) => {
    distinct.set(memory.subarray(row * width, (row + 1) * width), i * width);
  });
  writer.tag(DICTIONARY_TAG[column.type as keyof typeof DICTIONARY_TAG]);
  writer.bytes(distinct);
}

/** What tells values apart: their bits. */
function keyOfRow(column: Column): (row: number) => number | bigint {
  const { bits, values } = column;
  if (bits === undefined) return (row) => values[row] as bigint;
  if (column.type === 'float32') return (row) => bits[row];
  const wide = new BigUint64Array(bits.buffer, bits.byteOffset, bits.length / 2);
  return (row) => wide[row];
}

/** Rows where a key appears first; `indices[row]` becomes the position of its key among them. */
function indexBy<K>(count: number, indices: Float64Array, keyOf: (row: number) => K): number[] {
  const positions = new Map<K, number>();
  const first: number[] = [];
  for (let row = 0; row < count; row++) {
    const key = keyOf(row);
    let position = positions.get(key);
    if (position === undefined) {
      position = first.length;
      positions.set(key, position);
      first.push(row);
    }
    indices[row] = position;
  }
  return first;
}
