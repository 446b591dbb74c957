import { type BatchHead, decodeBody, readHead, sealBatch } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import { isDecodeError } from '@iot/wire';
import type { HistoryEntry, StoredCount } from './api.ts';
import { DerivedWriter } from './derived.ts';
import { isClocked } from './readings.ts';
import { Retiming } from './retiming.ts';
import type { Schemas } from './schemas.ts';
import { type BatchSummary, NOTHING, summarize } from './summary.ts';

/** Writes batches into the history. One that is there already changes nothing. */
export class HistoryStore {
  readonly #db: SqliteDatabase;
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #schemas: Schemas;
  readonly #derived: DerivedWriter;
  readonly #retiming: Retiming;

  constructor(db: SqliteDatabase, schemas: Schemas) {
    this.#db = db;
    this.#prepare = preparing(db);
    this.#schemas = schemas;
    this.#derived = new DerivedWriter(db);
    this.#retiming = new Retiming(db, schemas, this.#derived);
  }

  /** One step with what was stored without a clock and has been told one since; true where more may have to be done. */
  retime(): boolean {
    return this.#retiming.step();
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
    const vehicleId = this.#touchVehicle(head, acceptedMs);
    const batchId = this.#insertBatch(head, vehicleId, schemaId, acceptedMs);
    const summary = this.#summaryOf(batchId, head, schemaId);
    this.#derived.write(batchId, vehicleId, summary);
    return summary;
  }

  /** Bodies are decoded before they are accepted. One that does not decode all the same must hold up no other. */
  #summaryOf(batchId: number, head: BatchHead, schemaId: number): BatchSummary {
    try {
      const batch = decodeBody(head, this.#schemas.get(schemaId));
      this.#retiming.listen(batch);
      return summarize(isClocked(batch) ? batch : this.#retiming.enter(batchId, batch));
    } catch (error) {
      if (!isDecodeError(error)) throw error;
      return { ...NOTHING, unreadable: true };
    }
  }

  #has({ epoch, seq }: BatchHead): boolean {
    return this.#prepare('SELECT 1 FROM batch WHERE epoch = ? AND seq = ?').get(epoch, seq) !== undefined;
  }

  #touchVehicle({ vehicle, unit }: BatchHead, acceptedMs: number): number {
    const sql = `
      INSERT INTO vehicle (name, unit, last_seen_ms) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET
        unit = CASE WHEN excluded.last_seen_ms >= last_seen_ms THEN excluded.unit ELSE unit END,
        last_seen_ms = max(last_seen_ms, excluded.last_seen_ms)
      RETURNING id`;
    return this.#prepare(sql).pluck().get(vehicle, unit, acceptedMs) as number;
  }

  #insertBatch(head: BatchHead, vehicleId: number, schemaId: number, acceptedMs: number): number {
    const insert = this.#prepare('INSERT INTO batch (vehicle, epoch, seq, schema, accepted_ms) VALUES (?, ?, ?, ?, ?)');
    const { lastInsertRowid } = insert.run(vehicleId, head.epoch, head.seq, schemaId, acceptedMs);
    // Without its schema a batch takes half the room.
    const { bytes } = sealBatch(head, head.schemaHash, { codec: head.codec, bytes: head.body, readings: 0 });
    this.#prepare('INSERT INTO body VALUES (?, ?)').run(lastInsertRowid, bytes);
    return Number(lastInsertRowid);
  }
}
