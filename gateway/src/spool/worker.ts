import { handOver, serveWorker, workerInput } from '@iot/host/worker';
import type { StoredEntry } from './api.ts';
import { type Packed, pack, unpackWrites } from './packing.ts';
import { SpoolStore, type SpoolStoreOptions } from './store.ts';
import type { BatchWrite, Outcome, Standing } from './writes.ts';

const store = new SpoolStore(workerInput<SpoolStoreOptions>());

const handlers = {
  opened: () => ({ gateway: store.gateway }),
  takeReports: () => store.takeReports(),
  commit: (writes: Packed): Outcome[] => store.commit(unpackWrites(writes)),
  standings: (batches: readonly Pick<BatchWrite, 'unit' | 'epoch' | 'seq' | 'digest'>[]): Standing[] =>
    store.standings(batches),
  next: (sink: string, bytesMax: number, countMax: number): Packed<Omit<StoredEntry, 'bytes'>> => {
    const packed = pack(store.next(sink, bytesMax, countMax));
    return handOver(packed, [packed.bytes.buffer as ArrayBuffer]);
  },
  owedStatements: (sink: string, limit: number) => store.owedStatements(sink, limit),
  schema: (hash: string) => store.schema(hash),
  epochs: (unit: string) => store.epochs(unit),
  units: () => store.units(),
  deadLetters: (limit: number) => store.deadLetters(limit),
  status: () => store.status(),
  closeStore: () => store.close(),
};

export type SpoolWorkerApi = typeof handlers;

serveWorker(handlers);
