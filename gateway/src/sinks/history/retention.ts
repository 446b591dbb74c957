import type { SeqRange } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import { subtract, union } from '../../ledger/ranges.ts';
import type { HistorySize } from './api.ts';
import { ROLLUP_MS } from './layout.ts';
import type { Schemas } from './schemas.ts';

/** Batches that go in one transaction: a query waits no longer than for these. */
const SWEEP_BATCHES = 256;

export interface RetentionBounds {
  readonly retainMs: number;
  readonly bytesMax: number;
}

interface Going {
  readonly id: number;
  readonly vehicle: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** Lets go of the oldest batches with all that was derived from them. Oldest by acceptance: recordings have times of their own. */
export class Retention {
  readonly #db: SqliteDatabase;
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #schemas: Schemas;
  readonly #bounds: RetentionBounds;

  constructor(db: SqliteDatabase, schemas: Schemas, bounds: RetentionBounds) {
    this.#db = db;
    this.#prepare = preparing(db);
    this.#schemas = schemas;
    this.#bounds = bounds;
  }

  size(): HistorySize {
    return { batches: this.#prepare('SELECT count(*) FROM batch').pluck().get() as number, bytes: this.#usedBytes() };
  }

  isOverBytes(): boolean {
    return this.#usedBytes() > this.#bounds.bytesMax;
  }

  /** One step; true where more may have to go. `nowMs` is the gateway's clock. */
  sweep(nowMs: number): boolean {
    const sql = 'SELECT id, vehicle, from_ms AS fromMs, to_ms AS toMs FROM batch';
    const going = (
      this.isOverBytes()
        ? this.#prepare(`${sql} ORDER BY accepted_ms LIMIT ?`).all(SWEEP_BATCHES)
        : this.#prepare(`${sql} WHERE accepted_ms < ? ORDER BY accepted_ms LIMIT ?`).all(
            nowMs - this.#bounds.retainMs,
            SWEEP_BATCHES,
          )
    ) as Going[];
    if (going.length === 0) return false;
    this.#db.transaction(() => this.#letGo(going)).immediate();
    return going.length === SWEEP_BATCHES || this.isOverBytes();
  }

  #usedBytes(): number {
    const pages = this.#pragma('page_count') - this.#pragma('freelist_count');
    return pages * this.#pragma('page_size');
  }

  #letGo(going: readonly Going[]): void {
    for (const { id } of going) {
      for (const table of ['body', 'event', 'unclocked']) this.#prepare(`DELETE FROM ${table} WHERE batch = ?`).run(id);
      this.#prepare('DELETE FROM batch WHERE id = ?').run(id);
    }
    for (const [vehicle, batches] of Map.groupBy(going, (batch) => batch.vehicle))
      this.#forgetMinutes(vehicle, batches);
    this.#schemas.prune();
  }

  /** Drops what was derived for minutes of which no batch is left. */
  #forgetMinutes(vehicle: number, batches: readonly Going[]): void {
    const gone = minutesOf(batches);
    if (gone.length === 0) return;
    const left = this.#prepare(
      'SELECT id, vehicle, from_ms AS fromMs, to_ms AS toMs FROM batch WHERE vehicle = ? AND from_ms < ? AND to_ms >= ?',
    ).all(vehicle, (gone.at(-1)![1] + 1) * ROLLUP_MS, gone[0][0] * ROLLUP_MS) as Going[];
    for (const [first, last] of subtract(gone, minutesOf(left))) {
      this.#prepare(
        'DELETE FROM rollup WHERE signal IN (SELECT id FROM signal WHERE vehicle = ?) AND minute BETWEEN ? AND ?',
      ).run(vehicle, first, last);
      this.#prepare('DELETE FROM track WHERE vehicle = ? AND second >= ? AND second < ?').run(
        vehicle,
        (first * ROLLUP_MS) / 1000,
        ((last + 1) * ROLLUP_MS) / 1000,
      );
    }
  }

  #pragma(name: string): number {
    return this.#db.pragma(name, { simple: true }) as number;
  }
}

function minutesOf(batches: readonly Going[]): SeqRange[] {
  const clocked = batches.flatMap(({ fromMs, toMs }): SeqRange[] =>
    fromMs === null || toMs === null ? [] : [[Math.floor(fromMs / ROLLUP_MS), Math.floor(toMs / ROLLUP_MS)]],
  );
  return union(clocked, []);
}
