import { type DecodedBatch, decodeBatch } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import { isDecodeError } from '@iot/wire';
import { type BootClock, clocksToldIn, retime } from './boot-clock.ts';
import type { DerivedWriter } from './derived.ts';
import type { Schemas } from './schemas.ts';
import { NOTHING, summarize } from './summary.ts';

/** Batches that are re-timed in one transaction: a query waits no longer than for these. */
const STEP_BATCHES = 64;
/** Of a unit whose boots are many the clocks of the newest are remembered. */
const BOOTS_MAX = 64;

interface Waiting {
  readonly id: number;
  readonly vehicle: number;
  readonly schema: number;
  readonly bytes: Uint8Array;
}

/**
 * Puts batches that units sent without a clock on the time that they tell later. A batch is put there once, by the most
 * certain clock of its boot that is known at that time, and stays.
 */
export class Retiming {
  readonly #db: SqliteDatabase;
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #schemas: Schemas;
  readonly #derived: DerivedWriter;

  constructor(db: SqliteDatabase, schemas: Schemas, derived: DerivedWriter) {
    this.#db = db;
    this.#prepare = preparing(db);
    this.#schemas = schemas;
    this.#derived = derived;
  }

  /** Remembers the clocks that a batch tells. Within the caller's transaction. */
  listen(batch: DecodedBatch): void {
    const clocks = clocksToldIn(batch);
    if (clocks.length === 0) return;
    const insert = this.#prepare(`
      INSERT INTO boot_clock (unit, boot, offset_us, source, uncertainty_us, seq, waiting) VALUES (?, ?, ?, ?, ?, ?, 1)
      ON CONFLICT (unit, boot) DO UPDATE SET
        offset_us = excluded.offset_us, source = excluded.source, uncertainty_us = excluded.uncertainty_us, seq = excluded.seq
      WHERE (excluded.uncertainty_us, -excluded.seq) <= (uncertainty_us, -seq)`);
    for (const { unit, boot, offsetUs, source, uncertaintyUs, seq } of clocks)
      insert.run(unit, boot, offsetUs, source, uncertaintyUs, seq);
    const { unit } = batch.head;
    const forget = this.#prepare(`
      DELETE FROM boot_clock WHERE unit = ? AND id <= (SELECT id FROM boot_clock WHERE unit = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`);
    forget.run(unit, unit, BOOTS_MAX);
  }

  /** Gives an unclocked batch on Unix time where its boot's clock is known; else as it is, to wait. Within the caller's transaction. */
  enter(batchId: number, batch: DecodedBatch): DecodedBatch {
    const { unit, clock } = batch.head;
    if (!clock.boot) return batch;
    const sql =
      'SELECT offset_us AS offsetUs, source, uncertainty_us AS uncertaintyUs FROM boot_clock WHERE unit = ? AND boot = ?';
    const known = this.#prepare(sql).get(unit, clock.boot) as BootClock | undefined;
    this.#prepare('INSERT INTO unclocked VALUES (?, ?, ?, ?)').run(batchId, unit, clock.boot, known?.offsetUs ?? null);
    return known ? retime(batch, known) : batch;
  }

  /** Re-times some of those that wait for a clock that is known; true where more may. */
  step(): boolean {
    const sql = `
      SELECT unit, boot, offset_us AS offsetUs, source, uncertainty_us AS uncertaintyUs FROM boot_clock WHERE waiting = 1 LIMIT 1`;
    const clock = this.#prepare(sql).get() as BootClock | undefined;
    if (!clock) return false;
    this.#db.transaction(() => this.#retimeSome(clock)).immediate();
    return true;
  }

  #retimeSome(clock: BootClock): void {
    const sql = `
      SELECT batch.id, vehicle, schema, bytes FROM unclocked
      JOIN batch ON batch.id = unclocked.batch JOIN body ON body.batch = unclocked.batch
      WHERE unclocked.unit = ? AND boot = ? AND offset_us IS NULL LIMIT ?`;
    const waiting = this.#prepare(sql).all(clock.unit, clock.boot, STEP_BATCHES) as Waiting[];
    for (const one of waiting) {
      this.#derived.write(one.id, one.vehicle, this.#summaryOf(one, clock));
      this.#prepare('UPDATE unclocked SET offset_us = ? WHERE batch = ?').run(clock.offsetUs, one.id);
    }
    if (waiting.length === STEP_BATCHES) return;
    this.#prepare('UPDATE boot_clock SET waiting = 0 WHERE unit = ? AND boot = ?').run(clock.unit, clock.boot);
  }

  #summaryOf({ schema, bytes }: Waiting, clock: BootClock) {
    try {
      return summarize(
        retime(
          decodeBatch(bytes, () => this.#schemas.get(schema)),
          clock,
        ),
      );
    } catch (error) {
      // It decoded when it was stored: where it does not now, it is to hold up no other.
      if (!isDecodeError(error)) throw error;
      return NOTHING;
    }
  }
}
