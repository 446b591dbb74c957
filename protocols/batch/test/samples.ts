import { type Quality, Rows, type TableDef } from '@iot/wire';
import type { BatchHeader, DecodedBatch } from '../src/index.ts';

/** Builders and a plain form of batches, shared by the tests and the vectors. */

export const header: BatchHeader = {
  unit: 'unit-042',
  vehicle: 'cab-042',
  epoch: Uint8Array.from({ length: 16 }, (_, i) => i * 16 + 1),
  seq: 1204,
  lane: 'live',
  clock: { source: 'gnss', uncertaintyUs: 40 },
  t0Us: 1_700_000_000_000_000,
};

/** A column's cells: a value, or a quality in `{ quality }`. */
export type Cell = number | bigint | string | { readonly quality: Quality };

/** Rows of a table from times, µs, and one list of cells a signal. */
export function rowsOf(def: TableDef, timesUs: readonly number[], columns: readonly (readonly Cell[])[]): Rows {
  const rows = new Rows(def, Math.max(1, timesUs.length));
  timesUs.forEach((timeUs, row) => {
    rows.times[row] = timeUs;
    rows.columns.forEach((column, i) => {
      const cell = columns[i][row];
      const known = typeof cell !== 'object';
      if (!known) {
        column.qualityRows.push(row);
        column.qualityCodes.push(cell.quality);
      }
      const nothing = column.type === 'text' ? '' : column.type === 'int64' || column.type === 'uint64' ? 0n : 0;
      const value = known ? cell : nothing;
      if (column.bits && known) writeBits(column.bits, column.type, row, value);
      else (column.values as (typeof value)[])[row] = value;
    });
    rows.count++;
  });
  return rows;
}

/** Floats are given as numbers, or as their bits in a bigint. */
function writeBits(bits: Uint32Array, type: string, row: number, value: number | bigint | string): void {
  const view = new DataView(new ArrayBuffer(8));
  if (type === 'float32') {
    if (typeof value === 'bigint') view.setUint32(0, Number(value));
    else view.setFloat32(0, value as number);
    bits[row] = view.getUint32(0);
    return;
  }
  if (typeof value === 'bigint') view.setBigUint64(0, value);
  else view.setFloat64(0, value as number);
  bits[row * 2] = view.getUint32(4);
  bits[row * 2 + 1] = view.getUint32(0);
}

/** What a batch says, as JSON holds it: 64-bit integers as decimal text, floats as the hex of their bits. */
export function plainOf(batch: Pick<DecodedBatch, 'tables' | 'events'>): object {
  return {
    tables: batch.tables.map((rows) => ({
      name: rows.def.name,
      bus: rows.def.bus,
      source: rows.def.source ?? null,
      timesUs: [...rows.times.subarray(0, rows.count)],
      signals: rows.columns.map((column, i) => ({
        name: rows.def.signals[i].name,
        values: Array.from({ length: rows.count }, (_, row) => plainValue(column, row)),
        quality: qualityOf(column.qualityRows, column.qualityCodes, rows.count),
      })),
    })),
    events: batch.events,
  };
}

function plainValue(column: Rows['columns'][number], row: number): number | string {
  const { bits, values } = column;
  const word = (at: number): string => bits![at].toString(16).padStart(8, '0');
  if (column.type === 'float32') return word(row);
  if (column.type === 'float64') return word(row * 2 + 1) + word(row * 2);
  return typeof values[row] === 'bigint' ? String(values[row]) : (values[row] as number | string);
}

function qualityOf(rows: readonly number[], codes: readonly Quality[], count: number): number[] {
  const quality = new Array<number>(count).fill(0);
  rows.forEach((row, i) => {
    quality[row] = codes[i];
  });
  return quality;
}
