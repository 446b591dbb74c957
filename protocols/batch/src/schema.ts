import { createHash } from 'node:crypto';
import { type ColumnType, DecodeError, type SignalDef, type TableDef } from '@iot/wire';
import { hexOf } from './hex.ts';
import { ENCODED_BYTES_MAX, HASH_BYTES, NAME_BYTES_MAX, SIGNALS_MAX, TABLES_MAX } from './limits.ts';
import { CborReader } from './read.ts';
import type { Schema } from './types.ts';
import { CborWriter } from './write.ts';

/** Numbers of the column types on the wire: append only. */
const TYPES: readonly ColumnType[] = ['int32', 'int53', 'int64', 'uint64', 'float32', 'float64', 'text'];
const VERSION = 1;

/** Order of tables in a schema: by name, bus and source, so that the order of discovery does not matter. */
function compareTables(a: TableDef, b: TableDef): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  if (a.bus !== b.bus) return a.bus < b.bus ? -1 : 1;
  return (a.source ?? -1) - (b.source ?? -1);
}

/** Place of a table in sorted `tables`, by its identity; -1 where it is not there. */
export function indexOfTable(tables: readonly TableDef[], table: TableDef): number {
  let low = 0;
  let high = tables.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compareTables(tables[middle], table);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Names these tables. The same tables in any order give the same bytes. Throws RangeError where two have one identity or there is more than is sent, DecodeError where it could not be read back. */
export function makeSchema(tables: readonly TableDef[]): Schema {
  const sorted = [...tables].sort(compareTables);
  const twice = sorted.find((table, i) => i > 0 && compareTables(table, sorted[i - 1]) === 0);
  if (twice) throw new RangeError(`table ${twice.name} on ${twice.bus} is in the schema twice`);
  const writer = new CborWriter(1024);
  writer.array(2);
  writer.int(VERSION);
  writer.array(sorted.length);
  for (const table of sorted) writeTable(writer, table);
  const bytes = writer.finish();
  if (bytes.length > ENCODED_BYTES_MAX)
    throw new RangeError(`the schema has ${bytes.length} bytes, at most ${ENCODED_BYTES_MAX} are sent: collect less`);
  // What is refused elsewhere (a name too long, too many signals) is refused here, where its maker can see it.
  readSchema(new CborReader(bytes));
  return { hash: hashOf(bytes), bytes, tables: sorted };
}

/** Reads a schema that came from outside. Throws DecodeError where it is not canonical or too large. */
export function parseSchema(bytes: Uint8Array): Schema {
  if (bytes.length > ENCODED_BYTES_MAX)
    throw new DecodeError('batch/too-long', `a schema of ${bytes.length} bytes, at most ${ENCODED_BYTES_MAX} are read`);
  const reader = new CborReader(bytes);
  const tables = readSchema(reader);
  reader.end();
  return { hash: hashOf(bytes), bytes, tables };
}

/** Hex name of schema bytes. */
export function hashOf(bytes: Uint8Array): string {
  return hexOf(createHash('sha256').update(bytes).digest().subarray(0, HASH_BYTES));
}

function writeTable(writer: CborWriter, table: TableDef): void {
  writer.array(4);
  writer.text(table.name);
  writer.text(table.bus);
  if (table.source === undefined) writer.null();
  else writer.int(table.source);
  writer.array(table.signals.length);
  for (const signal of table.signals) {
    writer.array(5);
    writer.text(signal.name);
    writer.text(signal.unit);
    writer.int(TYPES.indexOf(signal.type));
    writer.number(signal.scale);
    writer.number(signal.offset);
  }
}

/** Reads the item of a schema where `reader` stands. */
export function readSchema(reader: CborReader): readonly TableDef[] {
  reader.array('schema', 2, 2);
  const version = reader.uint('schema version');
  if (version !== VERSION) throw reader.error('bad-version', `schema version ${version}, this reads ${VERSION}`);
  const tables: TableDef[] = [];
  for (let left = reader.array('tables', TABLES_MAX); left > 0; left--) {
    const table = readTable(reader);
    const last = tables.at(-1);
    if (last && compareTables(last, table) >= 0)
      throw reader.error('not-canonical', `table ${table.name} on ${table.bus} is out of order`);
    tables.push(table);
  }
  return tables;
}

function readTable(reader: CborReader): TableDef {
  reader.array('table', 4, 4);
  const name = reader.text('table name', NAME_BYTES_MAX);
  const bus = reader.text('bus', NAME_BYTES_MAX);
  const source = reader.null() ? undefined : reader.uint('source');
  const signals: SignalDef[] = [];
  for (let left = reader.array('signals', SIGNALS_MAX); left > 0; left--) signals.push(readSignal(reader));
  return source === undefined ? { name, bus, signals } : { name, bus, source, signals };
}

function readSignal(reader: CborReader): SignalDef {
  reader.array('signal', 5, 5);
  return {
    name: reader.text('signal name', NAME_BYTES_MAX),
    unit: reader.text('unit', NAME_BYTES_MAX),
    type: TYPES[reader.uint('column type', TYPES.length - 1)],
    scale: reader.number('scale'),
    offset: reader.number('offset'),
  };
}
