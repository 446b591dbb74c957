import { deflateRawSync } from 'node:zlib';
import type { Column, Rows } from '@iot/wire';
import { TAG_FLOAT32, TAG_FLOAT64, TAG_SINT8, TAG_SINT16, TAG_SINT32, TAG_SINT64, TAG_UINT64 } from './cbor.ts';
import { sameTable } from './schema.ts';
import type { BatchEvent, EncodedBody, Schema } from './types.ts';
import { CborWriter } from './write.ts';

/**
 * Encodes rows and events into a body. Times are rounded to ticks of 100 µs from `t0Us`, on the capture clock.
 * Every `rows.def` must be in the schema, found by its identity. Tables without rows are left out.
 */
export function encodeBody(
  schema: Schema,
  rows: readonly Rows[],
  events: readonly BatchEvent[],
  t0Us: number,
): EncodedBody {
  const writer = new CborWriter(4096);
  const filled = rows.filter((table) => table.count > 0);
  let readings = 0;
  writer.array(2);
  writer.array(filled.length);
  for (const table of filled) {
    const index = schema.tables.findIndex((def) => sameTable(def, table.def));
    if (index < 0) throw new RangeError(`table ${table.def.name} on ${table.def.bus} is not in the schema`);
    writer.array(3 + table.columns.length);
    writer.int(index);
    writer.int(table.count);
    const ticks = new Float64Array(table.count);
    for (let i = 0; i < table.count; i++) ticks[i] = Math.round((table.times[i] - t0Us) / 100);
    writeIntegers(writer, ticks, table.count);
    for (const column of table.columns) {
      writer.array(3);
      writeValues(writer, column, table.count);
      writer.array(column.qualityRows.length);
      for (const row of column.qualityRows) writer.int(row);
      writer.array(column.qualityCodes.length);
      for (const code of column.qualityCodes) writer.int(code);
      readings += table.count - column.qualityRows.length;
    }
  }
  writer.array(events.length);
  for (const event of events) {
    writer.array(3);
    writer.int(Math.round((event.timeUs - t0Us) / 100));
    writer.text(event.name);
    const attributes = Object.entries(event.attributes);
    writer.map(attributes.length);
    for (const [name, value] of attributes) {
      writer.text(name);
      if (value === null) writer.null();
      else if (typeof value === 'string') writer.text(value);
      else if (typeof value === 'boolean') writer.boolean(value);
      else writer.number(value);
    }
  }
  const plain = writer.finish();
  const deflated = deflateRawSync(plain, { level: 9, memLevel: 9 });
  return deflated.length < plain.length
    ? { codec: 1, bytes: deflated, readings }
    : { codec: 0, bytes: plain, readings };
}

function writeValues(writer: CborWriter, column: Column, count: number): void {
  const { values } = column;
  if (column.type === 'text') {
    writer.array(count);
    for (let i = 0; i < count; i++) writer.text(values[i] as string);
  } else if (column.type === 'int32' || column.type === 'int53') {
    writeIntegers(writer, values as Int32Array | Float64Array, count);
  } else {
    const tag = { int64: TAG_SINT64, uint64: TAG_UINT64, float32: TAG_FLOAT32, float64: TAG_FLOAT64 }[column.type];
    const typed = values as Float64Array;
    writer.tag(tag);
    writer.bytes(new Uint8Array(typed.buffer, typed.byteOffset, count * typed.BYTES_PER_ELEMENT));
  }
}

/** Deltas to the value before (the first to 0), as the narrowest typed array; wide ones as plain integers. */
function writeIntegers(writer: CborWriter, values: Int32Array | Float64Array, count: number): void {
  const deltas = new Float64Array(count);
  let widest = 0;
  for (let i = 0; i < count; i++) {
    deltas[i] = values[i] - (i === 0 ? 0 : values[i - 1]);
    widest = Math.max(widest, Math.abs(deltas[i]));
  }
  if (widest > 0x7fff_ffff) {
    writer.array(count);
    for (let i = 0; i < count; i++) writer.int(values[i]);
    return;
  }
  writer.array(2);
  writer.int(deltas[0]);
  const rest = deltas.subarray(1);
  let narrow = 0;
  for (const delta of rest) narrow = Math.max(narrow, Math.abs(delta));
  const [tag, packed] =
    narrow < 0x80
      ? ([TAG_SINT8, Int8Array.from(rest)] as const)
      : narrow < 0x8000
        ? ([TAG_SINT16, Int16Array.from(rest)] as const)
        : ([TAG_SINT32, Int32Array.from(rest)] as const);
  writer.tag(tag);
  writer.bytes(new Uint8Array(packed.buffer));
}
