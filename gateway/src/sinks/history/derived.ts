import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import type { BatchSummary, SignalSummary } from './summary.ts';

/** Writes what is derived from a batch, once its times are known: span, newest values, rollups, track, events. */
export class DerivedWriter {
  readonly #prepare: SqliteDatabase['prepare'];

  constructor(db: SqliteDatabase) {
    this.#prepare = preparing(db);
  }

  /** Within the caller's transaction, once for a batch: rollups add up. */
  write(batchId: number, vehicleId: number, summary: BatchSummary): void {
    this.#setTimes(batchId, vehicleId, summary);
    for (const signal of summary.signals) this.#addSignal(vehicleId, signal);
    this.#addTrack(vehicleId, summary);
    this.#addEvents(batchId, vehicleId, summary);
  }

  #setTimes(batchId: number, vehicleId: number, { span, lastReadingMs }: BatchSummary): void {
    if (span) {
      const update = this.#prepare('UPDATE batch SET from_ms = ?, to_ms = ? WHERE id = ?');
      update.run(Math.floor(span.fromMs), Math.ceil(span.toMs), batchId);
    }
    if (lastReadingMs === undefined) return;
    const sql = 'UPDATE vehicle SET last_reading_ms = max(coalesce(last_reading_ms, :ms), :ms) WHERE id = :id';
    this.#prepare(sql).run({ ms: Math.floor(lastReadingMs), id: vehicleId });
  }

  #addSignal(vehicleId: number, { name, unit, numeric, timeMs, value, rollups }: SignalSummary): void {
    // Backlog comes after live: only what is newer takes the place of the newest.
    const id = this.#prepare(`
      INSERT INTO signal (vehicle, name, unit, numeric, time_ms, value) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (vehicle, name) DO UPDATE SET
        unit = iif(excluded.time_ms >= time_ms, excluded.unit, unit),
        numeric = iif(excluded.time_ms >= time_ms, excluded.numeric, numeric),
        value = iif(excluded.time_ms >= time_ms, excluded.value, value),
        time_ms = max(time_ms, excluded.time_ms)
      RETURNING id`)
      .pluck()
      .get(vehicleId, name, unit, numeric ? 1 : 0, timeMs, value) as number;
    const addRollup = this.#prepare(`
      INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (signal, minute) DO UPDATE SET
        count = count + excluded.count, min = min(min, excluded.min), max = max(max, excluded.max), sum = sum + excluded.sum`);
    for (const { minute, count, min, max, sum } of rollups.values()) addRollup.run(id, minute, count, min, max, sum);
  }

  #addTrack(vehicleId: number, { positions }: BatchSummary): void {
    // Two batches may share a second: its last point stays, whichever comes first.
    const insert = this.#prepare(`
      INSERT INTO track VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (vehicle, second) DO UPDATE SET
        time_ms = excluded.time_ms, latitude = excluded.latitude, longitude = excluded.longitude, heading = excluded.heading
      WHERE excluded.time_ms >= time_ms`);
    for (const { timeMs, latitude, longitude, heading } of positions)
      insert.run(vehicleId, Math.floor(timeMs / 1000), Math.floor(timeMs), latitude, longitude, heading ?? null);
  }

  #addEvents(batchId: number, vehicleId: number, { events }: BatchSummary): void {
    const insert = this.#prepare(
      'INSERT INTO event (batch, vehicle, time_ms, name, attributes) VALUES (?, ?, ?, ?, ?)',
    );
    for (const { timeMs, name, attributes } of events)
      insert.run(batchId, vehicleId, Math.floor(timeMs), name, JSON.stringify(attributes));
  }
}
