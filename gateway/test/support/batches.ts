import { createHash } from 'node:crypto';
import {
  type BatchEvent,
  type BatchHeader,
  encodeBody,
  encodeStatement,
  makeSchema,
  type Schema,
  type Statement,
  sealBatch,
} from '@iot/batch';
import { Rows } from '@iot/wire';

/** 16 bytes named by a word, as an epoch or a boot. */
export function idOf(word: string): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(word).digest().subarray(0, 16));
}

export const SPEED: Schema = makeSchema([
  {
    name: 'Engine',
    bus: 'can0',
    signals: [{ name: 'Vehicle.Speed', unit: 'km/h', type: 'int32', scale: 0.1, offset: 0 }],
  },
]);

export const T0_US = 1_700_000_000_000_000;

export interface BatchParts extends Partial<BatchHeader> {
  /** Raw values, one a second. */
  readonly values?: readonly number[];
  readonly events?: readonly BatchEvent[];
  readonly schema?: Schema;
  readonly tables?: readonly Rows[];
}

/** A batch in the uplink form, of unit `unit-1` in `taxi-12` unless said otherwise. */
export function batchOf(seq: number, parts: BatchParts = {}): Uint8Array {
  const { values = [seq], events = [], schema = SPEED, tables, ...rest } = parts;
  const header: BatchHeader = {
    unit: 'unit-1',
    vehicle: 'taxi-12',
    epoch: idOf('epoch-1'),
    seq,
    lane: 'live',
    clock: { source: 'gnss', uncertaintyUs: 1_000 },
    t0Us: T0_US,
    ...rest,
  };
  const rows = tables ?? [rowsOf(schema.tables[0], header.t0Us, values)];
  return sealBatch(header, schema.hash, encodeBody(schema, rows, events, header.t0Us)).bytes;
}

/** One signal's raw values, one a second from `t0Us`. */
export function rowsOf(def: Schema['tables'][number], t0Us: number, ...columns: (readonly number[])[]): Rows {
  const rows = new Rows(def);
  for (let i = 0; i < columns[0].length; i++) {
    rows.reserve();
    rows.times[i] = t0Us + i * 1_000_000;
    columns.forEach((values, c) => {
      (rows.columns[c].values as Float64Array)[i] = values[i];
    });
    rows.count = i + 1;
  }
  return rows;
}

export function statementOf(parts: Partial<Statement> = {}): Uint8Array {
  return encodeStatement({
    unit: 'unit-1',
    vehicle: 'taxi-12',
    epoch: idOf('epoch-1'),
    nextSeq: 1,
    accepted: [],
    gaps: [],
    depth: { batches: 0, bytes: 0 },
    ...parts,
  });
}
