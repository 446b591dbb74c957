import { embedSchema, readHead, type Schema } from '@iot/batch';
import { openDatabase, type SqliteDatabase } from '@iot/host/sqlite';
import type { SpoolEntry } from '../../src/ports.ts';
import { MIGRATIONS } from '../../src/sinks/history/layout.ts';
import { HistoryReader } from '../../src/sinks/history/queries.ts';
import { Retention, type RetentionBounds } from '../../src/sinks/history/retention.ts';
import { Schemas } from '../../src/sinks/history/schemas.ts';
import { HistoryStore } from '../../src/sinks/history/store.ts';
import { type BatchParts, batchOf, SPEED } from '../support/batches.ts';

export const NOW_MS = 1_700_000_100_000;

/** A batch as the spool gives it to a sink. */
export function entryOf(seq: number, parts: BatchParts = {}, acceptedMs = NOW_MS): SpoolEntry {
  const schema: Schema = parts.schema ?? SPEED;
  const bytes = embedSchema(batchOf(seq, parts), schema);
  const head = readHead(bytes);
  return { position: seq, head, lane: head.lane, bytes, acceptedMs };
}

export interface MemoryHistory {
  readonly db: SqliteDatabase;
  readonly store: HistoryStore;
  readonly reader: HistoryReader;
  readonly retention: Retention;
}

/** The history's parts on a database in memory, without the worker. */
export function memoryHistory(bounds: Partial<RetentionBounds> = {}): MemoryHistory {
  const db = openDatabase(':memory:', { migrations: MIGRATIONS });
  const schemas = new Schemas(db);
  const retention = new Retention(db, schemas, { retainMs: 3_600_000, bytesMax: 1024 ** 3, ...bounds });
  return { db, store: new HistoryStore(db, schemas), reader: new HistoryReader(db, schemas), retention };
}

/** All rows that are derived from batches, in an order of their own. */
export function derivedOf(db: SqliteDatabase): object {
  const all = (sql: string) => db.prepare(sql).all();
  return {
    vehicles: all('SELECT name, unit, last_seen_ms, last_reading_ms FROM vehicle ORDER BY name'),
    signals: all(
      'SELECT v.name AS v, s.name, s.unit, numeric, time_ms, value FROM signal s JOIN vehicle v ON v.id = vehicle ORDER BY 1, 2',
    ),
    rollups: all(
      'SELECT s.name, minute, count, min, max, sum FROM rollup JOIN signal s ON s.id = signal ORDER BY 1, 2',
    ),
    track: all('SELECT second, latitude, longitude, heading FROM track ORDER BY 1'),
    events: all('SELECT time_ms, name, attributes FROM event ORDER BY 1, 2, 3'),
  };
}
