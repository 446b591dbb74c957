import { embedSchema } from '@iot/batch';
import { isDamage, openDatabase, type SqliteDatabase, serveWorker, workerInput } from '@iot/host';
import { setAside } from '../../spool/set-aside.ts';
import type { HistoryEntry, HistoryOptions, HistorySize } from './api.ts';
import { MIGRATIONS } from './layout.ts';
import { HistoryReader } from './queries.ts';
import { Retention } from './retention.ts';
import { Schemas } from './schemas.ts';
import { HistoryStore } from './store.ts';

const CACHE_BYTES = 16 * 1024 ** 2;
/** How often age is looked at; room is looked at after every write. */
const SWEEP_MS = 60_000;

interface StoredRow {
  readonly id: number;
  readonly epoch: Uint8Array;
  readonly seq: number;
  readonly schema: number;
  readonly bytes: Uint8Array;
}

const options = workerInput<HistoryOptions>();
const { db, damage } = open(options.path);
const schemas = new Schemas(db);
const store = new HistoryStore(db, schemas);
const reader = new HistoryReader(db, schemas);
const retention = new Retention(db, schemas, options);
let sweptMs = Number.NEGATIVE_INFINITY;

const api = {
  /** What was wrong with the file that was found, where something was. */
  opened: (): string | undefined => damage,

  /** Durable when it answers; `nowMs` is the gateway's clock. Gives how many batches were new. */
  store(entries: readonly HistoryEntry[], nowMs: number): number {
    const stored = store.store(entries);
    // One step per write: each takes more away than a write brings, and none holds up the next for long.
    if (nowMs - sweptMs >= SWEEP_MS) {
      if (!retention.sweep(nowMs)) sweptMs = nowMs;
    } else if (retention.isOverBytes()) retention.sweep(nowMs);
    return stored;
  },

  vehicles: () => reader.vehicles(),
  signals: (...args: Parameters<HistoryReader['signals']>) => reader.signals(...args),
  series: (...args: Parameters<HistoryReader['series']>) => reader.series(...args),
  track: (...args: Parameters<HistoryReader['track']>) => reader.track(...args),
  events: (...args: Parameters<HistoryReader['events']>) => reader.events(...args),
  size: (): HistorySize => retention.size(),

  /** Self-contained batches after an identity, in the order of (epoch, seq). */
  batchesAfter(epoch: Uint8Array, seq: number, limit: number): { epoch: Uint8Array; seq: number; bytes: Uint8Array }[] {
    const sql = `
      SELECT epoch, seq, schema, bytes FROM batch JOIN body ON body.batch = batch.id
      WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?`;
    const rows = db.prepare(sql).all(epoch, seq, limit) as StoredRow[];
    return rows.map((row) => ({ ...row, bytes: embedSchema(row.bytes, schemas.get(row.schema)) }));
  },

  closeFile(): void {
    db.close();
  },
};

export type HistoryWorkerApi = typeof api;

/** The history is derived from what was accepted: a damaged one is set aside and a new one begun. */
function open(path: string): { readonly db: SqliteDatabase; readonly damage?: string } {
  const layout = { migrations: MIGRATIONS, cacheBytes: CACHE_BYTES };
  try {
    return { db: openDatabase(path, layout) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const target = setAside(path);
    return { db: openDatabase(path, layout), damage: `${(error as Error).message}; it lies at ${target} now` };
  }
}

serveWorker(api);
