import { createHash } from 'node:crypto';
import { embedSchema, encodeBody, makeSchema, readHead, sealBatch } from '@iot/batch';
import type { SpoolEntry } from '@iot/gateway';
import { Rows } from '@iot/wire';

const schema = makeSchema([
  { name: 'T', bus: 'can0', signals: [{ name: 'T.Value', unit: '', type: 'int32', scale: 1, offset: 0 }] },
]);

/** A spool entry around a real self-contained batch with one reading. */
export function entryOf(vehicle: string, seq: number): SpoolEntry {
  const rows = new Rows(schema.tables[0], 1);
  rows.columns[0].values[0] = seq;
  rows.count = 1;
  const epoch = Uint8Array.from(createHash('sha256').update(vehicle).digest().subarray(0, 16));
  const clock = { source: 'ntp', uncertaintyUs: 1000 } as const;
  const header = { unit: vehicle, vehicle, epoch, seq, lane: 'live', clock, t0Us: 1.7e15 } as const;
  const sealed = sealBatch(header, schema.hash, encodeBody(schema, [rows], [], 0));
  const bytes = embedSchema(sealed.bytes, schema);
  return { position: seq, head: readHead(bytes), lane: 'live', bytes, acceptedMs: 0 };
}
