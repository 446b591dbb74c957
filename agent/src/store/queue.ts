import type { Lane } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import type { NewBatch } from '../ports.ts';
import { contentOf } from './content.ts';
import {
  ACCEPTED,
  type BatchRow,
  type ContentRow,
  type JournalRow,
  LANE_BACKLOG,
  LANE_LIVE,
  LANES,
  PENDING,
} from './layout.ts';
import type { Records } from './records.ts';

const BATCH = `SELECT batch.id, seq, state, lane, vehicle, boot, t0_us, end_us, codec, readings, batch.bytes, clock,
  sent_t0_us, uncertainty_us, digest, crc, hash FROM batch JOIN schema ON schema.id = batch.schema`;

export interface Tally {
  readonly batches: number;
  readonly bytes: number;
}

/** The batches of the present epoch and the journal, in SQL. Transactions and room are the caller's. */
export class Queue {
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #records: Records;

  constructor(db: SqliteDatabase, records: Records) {
    this.#prepare = preparing(db);
    this.#records = records;
  }

  insert(seq: number, batch: NewBatch): void {
    const { hash, bytes } = batch.schema;
    this.insertContent(seq, contentOf(batch), this.#records.schemaId(hash, bytes), batch.body.bytes);
  }

  insertContent(seq: number, content: ContentRow, schemaId: number, body: Uint8Array, state: number = PENDING): void {
    const { lane, vehicle, boot, t0_us, end_us, codec, readings, crc } = content;
    const { lastInsertRowid } = this.#prepare(
      `INSERT INTO batch (seq, state, lane, vehicle, schema, boot, t0_us, end_us, codec, readings, bytes, crc)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(seq, state, lane, vehicle, schemaId, boot, t0_us, end_us, codec, readings, body.length, crc);
    this.#prepare('INSERT INTO body (id, bytes) VALUES (?, ?)').run(lastInsertRowid, body);
  }

  insertJournal(batch: NewBatch): void {
    const { hash, bytes } = batch.schema;
    this.copyJournal({ ...contentOf(batch), body: batch.body.bytes }, this.#records.schemaId(hash, bytes));
  }

  copyJournal(row: ContentRow & { readonly body: Uint8Array }, schemaId: number): void {
    const { lane, vehicle, boot, t0_us, end_us, codec, readings, crc, body } = row;
    this.#prepare(
      `INSERT INTO journal (lane, vehicle, schema, boot, t0_us, end_us, codec, readings, crc, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(lane, vehicle, schemaId, boot, t0_us, end_us, codec, readings, crc, body);
  }

  journal(): JournalRow[] {
    return this.#prepare<[], JournalRow>(
      'SELECT journal.*, hash FROM journal JOIN schema ON schema.id = schema ORDER BY journal.id',
    ).all();
  }

  emptyJournal(): void {
    this.#prepare('DELETE FROM journal').run();
  }

  get(seq: number): BatchRow | undefined {
    return this.#prepare<[number], BatchRow>(`${BATCH} WHERE seq = ?`).get(seq);
  }

  body(id: number): Uint8Array | undefined {
    return this.#prepare<[number], { bytes: Uint8Array }>('SELECT bytes FROM body WHERE id = ?').get(id)?.bytes;
  }

  /** Up to `limit` pending batches of a lane, the newest first, of those that `wanted` says yes to. */
  newest(lane: Lane, limit: number, wanted: (row: BatchRow) => boolean): BatchRow[] {
    const found: BatchRow[] = [];
    const rows = this.#prepare<[number, number], BatchRow>(`${BATCH} WHERE state = ? AND lane = ? ORDER BY seq DESC`);
    for (const row of rows.iterate(PENDING, LANES.indexOf(lane))) {
      if (found.length >= limit) break;
      if (wanted(row)) found.push(row);
    }
    return found;
  }

  /**
   * What must go next where room is needed: the oldest accepted one, else the oldest of the lowest lane, never one
   * that `spared` holds.
   */
  nextToEvict(spared: ReadonlySet<number>): BatchRow | undefined {
    const accepted = this.#prepare<[], BatchRow>(`${BATCH} WHERE state = ${ACCEPTED} ORDER BY seq LIMIT 1`).get();
    if (accepted) return accepted;
    const pending = this.#prepare<[number], BatchRow>(`${BATCH} WHERE state = ${PENDING} AND lane = ? ORDER BY seq`);
    for (let lane = LANES.length - 1; lane >= 0; lane--) {
      for (const row of pending.iterate(lane)) if (!spared.has(row.seq)) return row;
    }
    return undefined;
  }

  delete(id: number): void {
    this.#prepare('DELETE FROM batch WHERE id = ?').run(id);
  }

  setState(id: number, state: number): void {
    this.#prepare('UPDATE batch SET state = ? WHERE id = ?').run(state, id);
  }

  /** To be sent again, after what is fresh: a resend heals the past, and must not delay the present. */
  setAgainPending(id: number): void {
    this.#prepare(
      `UPDATE batch SET state = ${PENDING}, lane = CASE lane WHEN ${LANE_LIVE} THEN ${LANE_BACKLOG} ELSE lane END WHERE id = ?`,
    ).run(id);
  }

  setFrozen(id: number, clock: string, sentT0Us: number, uncertaintyUs: number, digest: string): void {
    this.#prepare('UPDATE batch SET clock = ?, sent_t0_us = ?, uncertainty_us = ?, digest = ? WHERE id = ?').run(
      clock,
      sentT0Us,
      uncertaintyUs,
      digest,
      id,
    );
  }

  /** Live batches of this boot that ended before `beforeUs`, and with `others` those of any other time base, go to the backlog. */
  demote(boot: Uint8Array, beforeUs: number, others: boolean): void {
    this.#prepare(
      `UPDATE batch SET lane = ${LANE_BACKLOG} WHERE state = ${PENDING} AND lane = ${LANE_LIVE}
         AND CASE WHEN boot = ? THEN end_us < ? ELSE ? END`,
    ).run(boot, Math.round(beforeUs), others ? 1 : 0);
  }

  /** Kept accepted batches with a seq in the range. */
  acceptedIn(first: number, last: number): { readonly id: number; readonly seq: number }[] {
    return this.#prepare<[number, number], { id: number; seq: number }>(
      `SELECT id, seq FROM batch WHERE state = ${ACCEPTED} AND seq BETWEEN ? AND ? ORDER BY seq`,
    ).all(first, last);
  }

  tally(state: number): Tally {
    return this.#prepare<[number], Tally>('SELECT batches, bytes FROM tally WHERE state = ?').get(state)!;
  }

  /** The pending batch with the lowest seq. */
  oldest(): BatchRow | undefined {
    const firsts = LANES.map((_, lane) =>
      this.#prepare<[number], BatchRow>(`${BATCH} WHERE state = ${PENDING} AND lane = ? ORDER BY seq LIMIT 1`).get(
        lane,
      ),
    );
    return firsts.reduce((oldest, row) => (!oldest || (row && row.seq < oldest.seq) ? row : oldest));
  }

  pending(): { readonly id: number; readonly seq: number }[] {
    return this.#prepare<[], { id: number; seq: number }>(
      `SELECT id, seq FROM batch WHERE state = ${PENDING} ORDER BY seq`,
    ).all();
  }

  deleteAccepted(): void {
    this.#prepare(`DELETE FROM batch WHERE state = ${ACCEPTED}`).run();
  }

  /** Gives a batch a new number; its mapping stays, its digest is made anew when it is next offered. */
  renumber(id: number, seq: number): void {
    this.#prepare('UPDATE batch SET seq = ?, digest = NULL WHERE id = ?').run(seq, id);
  }

  quarantine(epoch: Uint8Array, row: BatchRow, detail: string, sealed: Uint8Array): void {
    this.#prepare('INSERT INTO quarantine (epoch, seq, detail, schema, batch) VALUES (?, ?, ?, ?, ?)').run(
      epoch,
      row.seq,
      detail,
      row.hash,
      sealed,
    );
  }

  quarantinedBytes(): number {
    return this.#prepare<[], { bytes: number }>(
      'SELECT coalesce(sum(length(batch)), 0) AS bytes FROM quarantine',
    ).get()!.bytes;
  }

  /** False where there is none. */
  dropOldestQuarantined(): boolean {
    return this.#prepare('DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine)').run().changes > 0;
  }
}
