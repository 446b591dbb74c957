import { inflateRawSync } from 'node:zlib';
import { type Column, DecodeError, type Quality, Rows } from '@iot/wire';
import {
  ELEMENT_BYTES,
  TAG,
  TAG_FLOAT32,
  TAG_FLOAT64,
  TAG_SINT8,
  TAG_SINT16,
  TAG_SINT32,
  TAG_SINT64,
  TAG_UINT64,
} from './cbor.ts';
import { readHead } from './head.ts';
import { ATTRIBUTES_MAX, EVENTS_MAX, INFLATED_BYTES_MAX, NAME_BYTES_MAX, ROWS_MAX, VALUES_MAX } from './limits.ts';
import { CborReader } from './read.ts';
import { parseSchema } from './schema.ts';
import type { BatchEvent, BatchHead, DecodedBatch, Schema } from './types.ts';

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

/** Decodes a body whose head was read. Throws DecodeError. */
export function decodeBody(head: BatchHead, schema: Schema): DecodedBatch {
  const reader = new CborReader(inflate(head));
  reader.array('body', 2, 2);
  let budget = VALUES_MAX;
  const tables: Rows[] = [];
  for (let left = reader.array('tables', schema.tables.length); left > 0; left--) {
    const items = reader.array('table', 2000, 3);
    const def = schema.tables[reader.uint('table index', schema.tables.length - 1)];
    if (items !== 3 + def.signals.length) throw reader.error('schema-mismatch', `${def.name} has other signals`);
    const count = reader.uint('rows', ROWS_MAX);
    budget -= count * (items - 2);
    if (budget < 0) throw reader.error('too-large', `more than ${VALUES_MAX} values`);
    const rows = new Rows(def, Math.max(1, count));
    readIntegers(reader, rows.times, count);
    for (let i = 0; i < count; i++) rows.times[i] = head.t0Us + rows.times[i] * 100;
    for (const column of rows.columns) readColumn(reader, column, count);
    rows.count = count;
    tables.push(rows);
  }
  const events: BatchEvent[] = [];
  for (let left = reader.array('events', EVENTS_MAX); left > 0; left--) events.push(readEvent(reader, head.t0Us));
  reader.end();
  return { head, schema, tables, events };
}

function inflate(head: BatchHead): Uint8Array {
  if (head.codec === 0) return head.body;
  if (head.codec !== 1) throw new DecodeError('batch/bad-codec', `codec ${head.codec} is not known`);
  try {
    return inflateRawSync(head.body, { maxOutputLength: INFLATED_BYTES_MAX });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new DecodeError('batch/too-large', `the body inflates to more than ${INFLATED_BYTES_MAX} bytes`);
    throw new DecodeError('batch/bad-deflate', `the body is not raw DEFLATE: ${(error as Error).message}`);
  }
}

function readColumn(reader: CborReader, column: Column, count: number): void {
  reader.array('column', 3, 3);
  readValues(reader, column, count);
  let last = -1;
  for (let left = reader.array('quality rows', count); left > 0; left--) {
    const row = reader.uint('quality row', count - 1);
    if (row <= last) throw reader.error('out-of-range', 'quality rows are not ascending');
    column.qualityRows.push(row);
    last = row;
  }
  const codes = reader.array('quality codes', column.qualityRows.length, column.qualityRows.length);
  for (let left = codes; left > 0; left--) column.qualityCodes.push(reader.uint('quality code', 3) as Quality);
}

function readValues(reader: CborReader, column: Column, count: number): void {
  if (column.type === 'text') {
    reader.array('texts', count, count);
    for (let i = 0; i < count; i++) (column.values as string[]).push(reader.text('text'));
  } else if (column.type === 'int32' || column.type === 'int53') {
    readIntegers(reader, column.values as Int32Array, count);
  } else {
    const tag = { int64: TAG_SINT64, uint64: TAG_UINT64, float32: TAG_FLOAT32, float64: TAG_FLOAT64 }[column.type];
    const typed = reader.typedArray('values', [tag]);
    if (typed.length !== count) throw reader.error('out-of-range', `${typed.length} values in ${count} rows`);
    new Uint8Array((column.values as Float64Array<ArrayBuffer>).buffer).set(typed.bytes);
  }
}

function readIntegers(reader: CborReader, into: Int32Array | Float64Array, count: number): void {
  const items = reader.array('integers', Math.max(2, count), 2 > count ? 1 : 2);
  const first = reader.int('first');
  into[0] = first;
  if (items === 2 && reader.peek() === TAG) {
    const typed = reader.typedArray('deltas', [TAG_SINT8, TAG_SINT16, TAG_SINT32]);
    if (typed.length !== count - 1) throw reader.error('out-of-range', `${typed.length} deltas in ${count} rows`);
    const view = new DataView(typed.bytes.buffer, typed.bytes.byteOffset, typed.bytes.length);
    const width = ELEMENT_BYTES[typed.tag];
    for (let i = 1, at = 0; i < count; i++, at += width)
      into[i] =
        into[i - 1] +
        (width === 1 ? view.getInt8(at) : width === 2 ? view.getInt16(at, true) : view.getInt32(at, true));
    return;
  }
  for (let i = 1; i < items; i++) into[i] = reader.int('value');
}

function readEvent(reader: CborReader, t0Us: number): BatchEvent {
  reader.array('event', 3, 3);
  const timeUs = t0Us + reader.int('event time') * 100;
  const name = reader.text('event name', NAME_BYTES_MAX);
  const attributes: [string, string | number | boolean | null][] = [];
  for (let left = reader.map('attributes', ATTRIBUTES_MAX); left > 0; left--)
    attributes.push([reader.text('attribute', NAME_BYTES_MAX), reader.scalar('attribute value')]);
  return { timeUs, name, attributes: Object.fromEntries(attributes) };
}
