import { serveWorker, workerInput } from '@iot/host/worker';
import type { HistoryEntry, HistoryOptions } from './api.ts';
import { HistoryEngine } from './engine.ts';
import type { HistoryReader } from './queries.ts';

const engine = new HistoryEngine(workerInput<HistoryOptions>());

const api = {
  takeDamage: () => engine.takeDamage(),
  store: (entries: readonly HistoryEntry[], nowMs: number) => engine.store(entries, nowMs),
  retime: () => engine.retime(),
  vehicles: () => engine.read(({ reader }) => reader.vehicles()),
  signals: (vehicle: string) => engine.read(({ reader }) => reader.signals(vehicle)),
  series: (...args: Parameters<HistoryReader['series']>) => engine.read(({ reader }) => reader.series(...args)),
  track: (...args: Parameters<HistoryReader['track']>) => engine.read(({ reader }) => reader.track(...args)),
  events: (...args: Parameters<HistoryReader['events']>) => engine.read(({ reader }) => reader.events(...args)),
  size: () => engine.read(({ retention }) => retention.size()),
  batchesAfter: (epoch: Uint8Array, seq: number, limit: number) => engine.batchesAfter(epoch, seq, limit),
  closeFile: () => engine.close(),
};

export type HistoryWorkerApi = typeof api;

serveWorker(api);
