import type { Column, Rows } from '@iot/wire';
import { compress } from './deflate.ts';
import { writeDictionary } from './dictionary.ts';
import { writeEvents } from './events.ts';
import { IntegerWriter } from './integers.ts';
import { INFLATED_BYTES_MAX, ROWS_MAX, TICK_US, VALUES_MAX } from './limits.ts';
import type { NumberWriter } from './numbers.ts';
import { writeQuality } from './quality.ts';
import { indexOfTable } from './schema.ts';
import type { BatchEvent, EncodedBody, Schema } from './types.ts';
import { CborWriter } from './write.ts';

/**
 * Encodes rows and events into a body. Times are rounded to ticks of 100 µs from `t0Us`, on the capture clock.
 * Every `rows.def` must be in the schema, found by its identity; tables without rows are left out.
 * Throws RangeError where a table is not in the schema, or there is more than one batch may hold.
 */
export function encodeBody(
  schema: Schema,
  rows: readonly Rows[],
  events: readonly BatchEvent[],
  t0Us: number,
): EncodedBody {
  const slots = arrange(schema, rows);
  const tables = slots.filter((slot) => slot !== undefined);
  const integers = new IntegerWriter();
  const dictionaries = new CborWriter();
  writeCounts(integers.numbers, slots);
  const state = { integers, dictionaries, dictionaryCount: 0, scratch: new Float64Array(rowsMax(tables)) };
  /** Times of the last table with this number of rows. */
  const timesByCount = new Map<number, Float64Array>();
  for (const table of tables) {
    const ticks = ticksOf(table, t0Us);
    integers.series(ticks, table.count, timesByCount.get(table.count));
    timesByCount.set(table.count, ticks);
    for (const column of table.columns) writeColumn(state, column, table.count);
  }
  writeQuality(integers.numbers, tables);
  const plain = assemble(state, events, t0Us);
  if (plain.length > INFLATED_BYTES_MAX)
    throw new RangeError(`a body of ${plain.length} bytes, at most ${INFLATED_BYTES_MAX} are read: cut batches sooner`);
  return { ...compress(plain), readings: readingsOf(tables) };
}

interface BodyState {
  readonly integers: IntegerWriter;
  readonly dictionaries: CborWriter;
  dictionaryCount: number;
  readonly scratch: Float64Array;
}

/** Rows in the schema's places. */
function arrange(schema: Schema, rows: readonly Rows[]): (Rows | undefined)[] {
  const slots: (Rows | undefined)[] = schema.tables.map(() => undefined);
  let values = 0;
  for (const table of rows) {
    const name = `table ${table.def.name} on ${table.def.bus}`;
    const at = indexOfTable(schema.tables, table.def);
    if (at < 0) throw new RangeError(`${name} is not in the schema`);
    if (slots[at]) throw new RangeError(`${name} was given twice`);
    const { signals } = schema.tables[at];
    if (signals.length !== table.columns.length || signals.some((s, i) => s.type !== table.columns[i].type))
      throw new RangeError(`${name} has other signals in the schema`);
    if (table.count > 0) slots[at] = table;
    values += table.count * (table.columns.length + 1);
    if (table.count > ROWS_MAX || values > VALUES_MAX)
      throw new RangeError(
        `at most ${ROWS_MAX} rows of a table and ${VALUES_MAX} values in a batch: cut batches sooner`,
      );
  }
  return slots;
}

/** Runs of tables with as many rows, to the end of the schema: rows, and how many of the tables left are not in the run. */
function writeCounts(numbers: NumberWriter, slots: readonly (Rows | undefined)[]): void {
  for (let next = 0; next < slots.length; ) {
    const count = slots[next]?.count ?? 0;
    let end = next + 1;
    while (end < slots.length && (slots[end]?.count ?? 0) === count) end++;
    numbers.number(count);
    numbers.number(slots.length - end);
    next = end;
  }
}

function ticksOf(table: Rows, t0Us: number): Float64Array {
  const ticks = new Float64Array(table.count);
  for (let i = 0; i < table.count; i++) ticks[i] = Math.round((table.times[i] - t0Us) / TICK_US);
  requireIntegers(ticks, table.count, `a time of ${table.def.name}`);
  return ticks;
}

function writeColumn(state: BodyState, column: Column, count: number): void {
  const { integers, dictionaries, scratch } = state;
  if (column.type === 'int32' || column.type === 'int53') {
    const values = column.values as Int32Array | Float64Array;
    for (let i = 0; i < count; i++) scratch[i] = values[i];
    if (column.type === 'int53') requireIntegers(scratch, count, 'a raw value');
    fillUnknown(column, scratch, count);
  } else {
    writeDictionary(dictionaries, column, count, scratch);
    state.dictionaryCount++;
  }
  integers.series(scratch, count);
}

function requireIntegers(values: Float64Array, count: number, what: string): void {
  for (let i = 0; i < count; i++)
    if (!Number.isSafeInteger(values[i])) throw new RangeError(`${what} is ${values[i]}: no integer of 53 bits`);
}

/** Rows without a value repeat the one before (the first ones, the one after), which costs least. The decoder makes them 0. */
function fillUnknown(column: Column, values: Float64Array, count: number): void {
  const rows = column.qualityRows;
  if (rows.length === 0) return;
  let leading = 0;
  while (leading < rows.length && rows[leading] === leading) leading++;
  if (leading < count) values.fill(values[leading], 0, leading);
  for (let i = leading; i < rows.length; i++) values[rows[i]] = values[rows[i] - 1];
}

/** `[heads, tails, octets, dictionaries, events]`, what is empty at the end left out. */
function assemble(state: BodyState, events: readonly BatchEvent[], t0Us: number): Uint8Array {
  const { integers, dictionaries, dictionaryCount } = state;
  const { octets, numbers } = integers;
  const items = events.length > 0 ? 5 : dictionaryCount > 0 ? 4 : octets.length > 0 ? 3 : 2;
  const writer = new CborWriter(octets.length + numbers.heads.length + numbers.tails.length + 256);
  writer.array(items);
  writer.bytes(numbers.heads);
  writer.bytes(numbers.tails);
  if (items > 2) writer.bytes(octets);
  if (items > 3) {
    writer.array(dictionaryCount);
    writer.raw(dictionaries.view());
  }
  if (items > 4) writeEvents(writer, events, t0Us);
  return writer.finish();
}

function rowsMax(tables: readonly Rows[]): number {
  return tables.reduce((most, table) => Math.max(most, table.count), 0);
}

function readingsOf(tables: readonly Rows[]): number {
  let readings = 0;
  for (const table of tables) for (const column of table.columns) readings += table.count - column.qualityRows.length;
  return readings;
}
