import { performance } from 'node:perf_hooks';
import { zstdCompressSync } from 'node:zlib';
import { type BatchHeader, decodeBatch, embedSchema, encodeBody, makeSchema, sealBatch } from '@iot/batch';
import type { Rows } from '@iot/wire';
import type { Window } from './recordings.ts';

/** A producer's record batch: Kafka's default ends at 1 MB, and a busy gateway gathers about this many. */
const RECORDS_A_BATCH = 100;
const RECORD_BATCH_BYTES = 1_000_000;
const RUNS_TIMED = 5;
export const UNIT = 'unit-042';
export const VEHICLE = 'cab-042';

export interface OurSizes {
  readonly batches: number;
  readonly readings: number;
  readonly uplinkBytes: number;
  /** Self-contained batches, many in one zstd frame, as Kafka stores them. */
  readonly kafkaBytes: number;
  readonly schemaBytes: number;
  readonly encodeNs: number;
  readonly decodeNs: number;
}

/** Encodes and decodes all windows, several times for the times, and checks that they come back. */
export function measureOurs(tables: readonly Rows[], windows: readonly Window[]): OurSizes {
  const schema = makeSchema(tables.map((rows) => rows.def));
  const encodeAll = () =>
    windows.map(({ t0Us, tables }, i) => {
      const body = encodeBody(schema, tables, [], t0Us);
      return { ...sealBatch(headerOf(t0Us, 1001 + i), schema.hash, body), readings: body.readings };
    });
  const encoded = timed(encodeAll);
  const decodeAll = () => encoded.result.map(({ bytes }) => decodeBatch(bytes, () => schema));
  const decoded = timed(decodeAll);
  decoded.result.forEach((batch, i) => {
    requireSame(windows[i], batch.tables);
  });
  const readings = encoded.result.reduce((sum, { readings }) => sum + readings, 0);
  return {
    batches: windows.length,
    readings,
    uplinkBytes: encoded.result.reduce((sum, { bytes }) => sum + bytes.length, 0),
    kafkaBytes: kafkaBytes(encoded.result.map(({ bytes }) => embedSchema(bytes, schema))),
    schemaBytes: schema.bytes.length,
    encodeNs: (encoded.ms * 1e6) / readings,
    decodeNs: (decoded.ms * 1e6) / readings,
  };
}

function headerOf(t0Us: number, seq: number): BatchHeader {
  const epoch = Uint8Array.from({ length: 16 }, (_, i) => (i * 151 + 89) & 0xff);
  return { unit: UNIT, vehicle: VEHICLE, epoch, seq, lane: 'live', clock: { source: 'gnss', uncertaintyUs: 40 }, t0Us };
}

function kafkaBytes(records: readonly Uint8Array[]): number {
  let total = 0;
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  records.forEach((record, i) => {
    gathered.push(record);
    bytes += record.length;
    if (gathered.length < RECORDS_A_BATCH && bytes < RECORD_BATCH_BYTES && i < records.length - 1) return;
    total += zstdCompressSync(Buffer.concat(gathered)).length;
    gathered = [];
    bytes = 0;
  });
  return total;
}

function requireSame(window: Window, decoded: readonly Rows[]): void {
  for (const rows of window.tables) {
    const back = decoded.find(
      ({ def }) => def.name === rows.def.name && def.bus === rows.def.bus && def.source === rows.def.source,
    );
    const same =
      back?.count === rows.count &&
      rows.columns.every((column, c) => {
        for (let i = 0; i < rows.count; i++) if (column.values[i] !== back.columns[c].values[i]) return false;
        return true;
      });
    if (!same) throw new Error(`${rows.def.name} did not come back as it was: these sizes mean nothing`);
  }
}

/** The shortest of some runs: the first ones warm the JIT, and others use the machine too. */
function timed<T>(run: () => T): { result: T; ms: number } {
  let best = Infinity;
  let result = run();
  for (let i = 0; i < RUNS_TIMED; i++) {
    const start = performance.now();
    result = run();
    best = Math.min(best, performance.now() - start);
  }
  return { result, ms: best };
}
