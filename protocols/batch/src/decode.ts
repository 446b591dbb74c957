import { type Column, DecodeError, Rows, type TableDef } from '@iot/wire';
import { decompress } from './deflate.ts';
import { DICTIONARY_TAG } from './dictionary.ts';
import { readEvents } from './events.ts';
import { readHead } from './head.ts';
import { ROWS_MAX, TICK_US, VALUES_MAX } from './limits.ts';
import { NumberReader } from './numbers.ts';
import { readQuality } from './quality.ts';
import { CborReader } from './read.ts';
import { parseSchema } from './schema.ts';
import { IntegerReader } from './series.ts';
import type { BatchHead, DecodedBatch, Schema } from './types.ts';

const NOTHING = new Uint8Array(0);
/** `[]`, for a body that leaves dictionaries or events out. */
const EMPTY_ARRAY = Uint8Array.of(0x80);

/**
 * Decodes a batch of either form. `resolve` finds the schema of a batch in the uplink form.
 * Throws DecodeError, `batch/schema-unknown` where resolve finds none.
 */
export function decodeBatch(bytes: Uint8Array, resolve: (hash: string) => Schema | undefined): DecodedBatch {
  const head = readHead(bytes);
  const schema = head.schemaBytes ? parseSchema(head.schemaBytes) : resolve(head.schemaHash);
  if (!schema)
    throw new DecodeError('batch/schema-unknown', `schema ${head.schemaHash} is not known here: ask the unit for it`);
  return decodeBody(head, schema);
}

/** Decodes a body whose head was read. Throws DecodeError. Counts are checked before anything is allocated for them. */
export function decodeBody(head: BatchHead, schema: Schema): DecodedBatch {
  const reader = new CborReader(decompress(head.codec, head.body));
  const items = reader.array('body', 5, 2);
  const heads = reader.byteString('heads');
  const numbers = new NumberReader(heads, reader.byteString('tails'));
  const integers = new IntegerReader(numbers, items > 2 ? reader.byteString('octets') : NOTHING);
  const dictionaries = items > 3 ? reader : new CborReader(EMPTY_ARRAY);
  let dictionariesLeft = dictionaries.array('dictionaries', VALUES_MAX);
  const counts = readCounts(numbers, schema);
  const timesByCount = new Map<number, Float64Array>();
  const scratch = new Float64Array(counts.reduce((most, { count }) => Math.max(most, count), 0));
  const tables: Rows[] = [];
  for (const { def, count } of counts) {
    const rows = new Rows(def, count);
    rows.count = count;
    const ticks = new Float64Array(count);
    integers.series(ticks, count, timesByCount.get(count));
    timesByCount.set(count, ticks);
    writeTimes(rows.times, ticks, count, head.t0Us);
    for (const column of rows.columns) {
      if (column.type === 'int32' || column.type === 'int53') {
        integers.series(scratch, count);
        writeIntegers(column, scratch, count);
        continue;
      }
      if (dictionariesLeft-- === 0) throw dictionaries.error('truncated', 'a column has no dictionary');
      readDictionaryColumn(dictionaries, integers, column, scratch, count);
    }
    tables.push(rows);
  }
  if (dictionariesLeft > 0) throw dictionaries.error('trailing', 'there are dictionaries without a column');
  readQuality(numbers, tables);
  integers.end();
  const events = items > 4 ? readEvents(reader, head.t0Us) : [];
  reader.end();
  return { head, schema, tables, events };
}

/** Tables present and their row counts: see writeCounts. Nothing is allocated for rows before all counts were checked. */
function readCounts(numbers: NumberReader, schema: Schema): { def: TableDef; count: number }[] {
  const { tables } = schema;
  const present: { def: TableDef; count: number }[] = [];
  let values = 0;
  for (let next = 0; next < tables.length; ) {
    const count = numbers.count('rows', ROWS_MAX);
    const end = tables.length - numbers.count('tables after a run', tables.length - next - 1);
    for (; next < end; next++) {
      if (count === 0) continue;
      values += count * (tables[next].signals.length + 1);
      present.push({ def: tables[next], count });
    }
  }
  if (values > VALUES_MAX) throw new DecodeError('batch/too-large', `${values} values, at most ${VALUES_MAX} are read`);
  return present;
}

function writeTimes(times: Float64Array, ticks: Float64Array, count: number, t0Us: number): void {
  for (let i = 0; i < count; i++) {
    const timeUs = t0Us + ticks[i] * TICK_US;
    if (!(Math.abs(timeUs) <= Number.MAX_SAFE_INTEGER))
      throw new DecodeError('batch/out-of-range', `the time of row ${i} has more than 53 bits`);
    times[i] = timeUs;
  }
}

function writeIntegers(column: Column, from: Float64Array, count: number): void {
  const into = column.values as Int32Array | Float64Array;
  const limit = column.type === 'int32' ? 0x7fff_ffff : Number.MAX_SAFE_INTEGER;
  const least = column.type === 'int32' ? -0x8000_0000 : -limit;
  for (let i = 0; i < count; i++) {
    const value = from[i];
    if (!(value >= least && value <= limit))
      throw new DecodeError('batch/out-of-range', `the value of row ${i} is no ${column.type}`);
    into[i] = value;
  }
}

function readDictionaryColumn(
  reader: CborReader,
  integers: IntegerReader,
  column: Column,
  indices: Float64Array,
  count: number,
): void {
  if (column.type === 'text') {
    const texts: string[] = [];
    for (let left = reader.array('texts', count, 1); left > 0; left--) texts.push(reader.text('text'));
    readIndices(integers, indices, count, texts.length);
    for (let i = 0; i < count; i++) (column.values as string[])[i] = texts[indices[i]];
    return;
  }
  const typed = reader.typedArray('values', [DICTIONARY_TAG[column.type as keyof typeof DICTIONARY_TAG]]);
  if (typed.length > count) throw reader.error('out-of-range', `${typed.length} different values in ${count} rows`);
  readIndices(integers, indices, count, typed.length);
  const target = column.values as Float64Array;
  const width = target.BYTES_PER_ELEMENT;
  // Copied as words: a number's way through a double may change a NaN's payload.
  const aligned = typed.bytes.slice();
  const words = width / 4;
  const from = new Uint32Array(aligned.buffer);
  const to = new Uint32Array(target.buffer, target.byteOffset, count * words);
  for (let i = 0; i < count; i++) for (let w = 0; w < words; w++) to[i * words + w] = from[indices[i] * words + w];
}

function readIndices(integers: IntegerReader, indices: Float64Array, count: number, length: number): void {
  integers.series(indices, count);
  for (let i = 0; i < count; i++)
    if (!(indices[i] >= 0 && indices[i] < length))
      throw new DecodeError('batch/out-of-range', `index ${indices[i]} into a dictionary of ${length}`);
}
