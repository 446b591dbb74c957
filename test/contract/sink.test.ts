import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embedSchema, encodeBody, makeSchema, readHead, sealBatch } from '@iot/batch';
import { HistorySink, type SpoolEntry } from '@iot/gateway';
import { createLogger } from '@iot/host';
import { Rows } from '@iot/wire';
import { describeSink } from './sink.ts';

const schema = makeSchema([
  { name: 'T', bus: 'can0', signals: [{ name: 'T.Value', unit: '', type: 'int32', scale: 1, offset: 0 }] },
]);
const NOW_MS = 1_700_000_000_000;

function entryOf(vehicle: string, seq: number): SpoolEntry {
  const rows = new Rows(schema.tables[0], 1);
  rows.times[0] = NOW_MS * 1000 + seq;
  rows.columns[0].values[0] = seq;
  rows.count = 1;
  const epoch = Uint8Array.from(createHash('sha256').update(vehicle).digest().subarray(0, 16));
  const clock = { source: 'ntp', uncertaintyUs: 1000 } as const;
  const header = { unit: vehicle, vehicle, epoch, seq, lane: 'live', clock, t0Us: NOW_MS * 1000 } as const;
  const sealed = sealBatch(header, schema.hash, encodeBody(schema, [rows], [], header.t0Us));
  const bytes = embedSchema(sealed.bytes, schema);
  return { position: seq, head: readHead(bytes), lane: 'live', bytes, acceptedMs: NOW_MS };
}

describeSink('history', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'odograph-contract-'));
  return {
    keeps: 'one',
    entryOf,
    open: () =>
      HistorySink.open({
        path: join(folder, 'history.db'),
        retainMs: 3_600_000,
        bytesMax: 64 * 1024 ** 2,
        clock: { nowMs: () => NOW_MS, setTimer: () => () => {} },
        log: createLogger('test', 'silent'),
      }),
    read: async (sink) => {
      const batches: Uint8Array[] = [];
      await (sink as HistorySink).export((bytes) => void batches.push(bytes));
      return batches;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});
