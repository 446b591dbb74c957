import { type BatchHead, decodeBody, readHead, sealBatch } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import { isDecodeError } from '@iot/wire';
import type { HistoryEntry, StoredCount } from './api.ts';
import type { Schemas } from './schemas.ts';
import { type BatchSummary, NOTHING, type SignalSummary, summarize } from './summary.ts';

/** Writes batches into the history. One that is there already changes nothing. */
export class HistoryStore {
  readonly #db: SqliteDatabase;
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #schemas: Schemas;

  constructor(db: SqliteDatabase, schemas: Schemas) {
    this.#db = db;
    this.#prepare = preparing(db);
    this.#schemas = schemas;
  }

  /** All or none, durable when it returns. @throws DecodeError where the head of one does not read. */
  store(entries: readonly HistoryEntry[]): StoredCount {
    const storeAll = this.#db.transaction(() => {
      const summaries = entries.flatMap((entry) => this.#storeOne(entry) ?? []);
      return { stored: summaries.length, unreadable: summaries.filter(({ unreadable }) => unreadable).length };
    });
    return storeAll.immediate();
  }

  /** Undefined where it is there already. */
  #storeOne({ bytes, acceptedMs }: HistoryEntry): BatchSummary | undefined {
    const head = readHead(bytes);
    if (this.#has(head)) return undefined;
    if (!head.schemaBytes)
      throw new Error(`batch ${head.seq} of unit ${head.unit} came to the history without a schema`);
    const schemaId = this.#schemas.idOf(head.schemaHash, head.schemaBytes);
    const summary = this.#summaryOf(head, schemaId);
    const vehicleId = this.#touchVehicle(head, acceptedMs, summary.lastReadingMs);
    const batchId = this.#insertBatch(head, vehicleId, schemaId, summary, acceptedMs);
    for (const signal of summary.signals) this.#addSignal(vehicleId, signal);
    this.#addTrack(vehicleId, summary);
    this.#addEvents(batchId, vehicleId, summary);
    return summary;
  }

  /** Bodies are decoded before they are accepted. One that does not decode all the same must hold up no other. */
  #summaryOf(head: BatchHead, schemaId: number): BatchSummary {
    try {
      return summarize(decodeBody(head, this.#schemas.get(schemaId)));
    } catch (error) {
      if (!isDecodeError(error)) throw error;
      return { ...NOTHING, unreadable: true };
    }
  }

  #has({ epoch, seq }: BatchHead): boolean {
    return this.#prepare('SELECT 1 FROM batch WHERE epoch = ? AND seq = ?').get(epoch, seq) !== undefined;
  }

  #touchVehicle({ vehicle, unit }: BatchHead, acceptedMs: number, readingMs: number | undefined): number {
    const sql = `
      INSERT INTO vehicle (name, unit, last_seen_ms, last_reading_ms) VALUES (?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET
        unit = CASE WHEN excluded.last_seen_ms >= last_seen_ms THEN excluded.unit ELSE unit END,
        last_seen_ms = max(last_seen_ms, excluded.last_seen_ms),
        last_reading_ms = max(coalesce(last_reading_ms, excluded.last_reading_ms),
                              coalesce(excluded.last_reading_ms, last_reading_ms))
      RETURNING id`;
    const reading = readingMs === undefined ? null : Math.floor(readingMs);
    return this.#prepare(sql).pluck().get(vehicle, unit, acceptedMs, reading) as number;
  }

  #insertBatch(
    head: BatchHead,
    vehicleId: number,
    schemaId: number,
    { span }: BatchSummary,
    acceptedMs: number,
  ): number {
    const insert = this.#prepare(
      'INSERT INTO batch (vehicle, epoch, seq, schema, from_ms, to_ms, accepted_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    const times = [span ? Math.floor(span.fromMs) : null, span ? Math.ceil(span.toMs) : null];
    const { lastInsertRowid } = insert.run(vehicleId, head.epoch, head.seq, schemaId, ...times, acceptedMs);
    // Without its schema a batch takes half the room.
    const { bytes } = sealBatch(head, head.schemaHash, { codec: head.codec, bytes: head.body, readings: 0 });
    this.#prepare('INSERT INTO body VALUES (?, ?)').run(lastInsertRowid, bytes);
    return Number(lastInsertRowid);
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
