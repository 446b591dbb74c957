import { embedSchema } from '@iot/batch';
import { isDamage, openDatabase, type SqliteDatabase } from '@iot/host/sqlite';
import { setAside } from '../../spool/set-aside.ts';
import type { HistoryEntry, HistoryOptions, StoredCount } from './api.ts';
import { MIGRATIONS } from './layout.ts';
import { HistoryReader } from './queries.ts';
import { Retention } from './retention.ts';
import { Schemas } from './schemas.ts';
import { HistoryStore } from './store.ts';

const CACHE_BYTES = 16 * 1024 ** 2;
/** How often age is looked at; room is looked at after every write. */
const SWEEP_MS = 60_000;

/** A stored batch, self-contained. */
export interface ExportedBatch {
  readonly epoch: Uint8Array;
  readonly seq: number;
  readonly bytes: Uint8Array;
}

interface Parts {
  readonly db: SqliteDatabase;
  readonly schemas: Schemas;
  readonly store: HistoryStore;
  readonly reader: HistoryReader;
  readonly retention: Retention;
}

/**
 * The history's file with all that works on it. It holds copies of what was accepted: where it is damaged, at open or
 * later, it is set aside and a new one begun, so that damage holds up no delivery.
 */
export class HistoryEngine {
  readonly #options: HistoryOptions;
  #parts: Parts;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #damage: string[] = [];

  constructor(options: HistoryOptions) {
    this.#options = options;
    try {
      this.#parts = partsOf(options);
    } catch (error) {
      this.#parts = this.#beginAnew(error);
    }
  }

  /** What was found damaged since this was asked last. */
  takeDamage(): string[] {
    return this.#damage.splice(0);
  }

  /** Durable when it returns. `nowMs` is the gateway's clock. */
  store(entries: readonly HistoryEntry[], nowMs: number): StoredCount {
    return this.read(({ store, retention }) => {
      const count = store.store(entries);
      // One step per write: each takes more away than a write brings, and none holds up the next for long.
      if (nowMs - this.#sweptMs >= SWEEP_MS) {
        if (!retention.sweep(nowMs)) this.#sweptMs = nowMs;
      } else if (retention.isOverBytes()) retention.sweep(nowMs);
      return count;
    });
  }

  /** One step of re-timing what came without a clock; true where more may have to be done. */
  retime(): boolean {
    return this.read(({ store }) => store.retime());
  }

  /** Runs a query. Where the file turns out to be damaged, a new one is begun, and the query fails. */
  read<T>(query: (parts: Parts) => T): T {
    try {
      return query(this.#parts);
    } catch (error) {
      if (isDamage(error)) {
        this.#parts.db.close();
        this.#parts = this.#beginAnew(error);
      }
      throw error;
    }
  }

  /** Batches after an identity, in the order of (epoch, seq). */
  batchesAfter(epoch: Uint8Array, seq: number, limit: number): ExportedBatch[] {
    return this.read(({ db, schemas }) => {
      const sql = `
        SELECT epoch, seq, schema, bytes FROM batch JOIN body ON body.batch = batch.id
        WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?`;
      const rows = db.prepare(sql).all(epoch, seq, limit) as (ExportedBatch & { schema: number })[];
      return rows.map((row) => ({
        epoch: row.epoch,
        seq: row.seq,
        bytes: embedSchema(row.bytes, schemas.get(row.schema)),
      }));
    });
  }

  close(): void {
    this.#parts.db.close();
  }

  #beginAnew(error: unknown): Parts {
    if (!isDamage(error)) throw error;
    const target = setAside(this.#options.path);
    this.#damage.push(`${(error as Error).message}; it lies at ${target} now`);
    return partsOf(this.#options);
  }
}

function partsOf(options: HistoryOptions): Parts {
  const db = openDatabase(options.path, { migrations: MIGRATIONS, cacheBytes: CACHE_BYTES });
  const schemas = new Schemas(db);
  return {
    db,
    schemas,
    store: new HistoryStore(db, schemas),
    reader: new HistoryReader(db, schemas),
    retention: new Retention(db, schemas, options),
  };
}
