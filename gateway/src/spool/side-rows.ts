import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import type { DeadLetter, OwedStatement } from './api.ts';
import type { DeadLetterWrite, SchemaWrite, ToldWrite } from './writes.ts';

interface Sink {
  readonly id: number;
  readonly name: string;
}

/** What lies beside entries and ledger: schemas, dead letters, and statements on their way to sinks. Transactions are the caller's. */
export class SideRows {
  readonly #prepare: SqliteDatabase['prepare'];
  #deadLetterBytes: number;

  constructor(db: SqliteDatabase) {
    this.#prepare = preparing(db);
    this.#deadLetterBytes = this.deadLetterTotals().bytes;
  }

  schema(hash: string): Uint8Array | undefined {
    const row = this.#prepare('SELECT bytes FROM schema WHERE hash = ?').get(hash) as { bytes: Uint8Array } | undefined;
    return row?.bytes;
  }

  /** Stores a schema by its content. Beyond `perUnit` the one that this unit sent longest ago goes, unless another sent it too. */
  addSchema({ unit, hash, bytes }: SchemaWrite, perUnit: number): void {
    this.#prepare('INSERT OR IGNORE INTO schema VALUES (?, ?)').run(hash, bytes);
    this.#prepare('INSERT OR REPLACE INTO unit_schema (unit, hash) VALUES (?, ?)').run(unit, hash);
    const sql = 'SELECT id, hash FROM unit_schema WHERE unit = ? ORDER BY id DESC LIMIT -1 OFFSET ?';
    for (const old of this.#prepare(sql).all(unit, perUnit) as { id: number; hash: string }[]) {
      this.#prepare('DELETE FROM unit_schema WHERE id = ?').run(old.id);
      this.#prepare(
        'DELETE FROM schema WHERE hash = ? AND NOT EXISTS (SELECT 1 FROM unit_schema WHERE unit_schema.hash = schema.hash)',
      ).run(old.hash);
    }
  }

  /** Keeps a dead letter; the oldest make room within `bytesMax`. */
  addDeadLetter({ unit, message, detail, bytes, atMs }: DeadLetterWrite, bytesMax: number): void {
    this.#prepare('INSERT INTO dead_letter (unit, kind, detail, at_ms, bytes) VALUES (?, ?, ?, ?, ?)').run(
      unit,
      message,
      detail,
      atMs,
      bytes,
    );
    this.#deadLetterBytes += bytes.length;
    while (this.#deadLetterBytes > bytesMax) {
      const sql =
        'DELETE FROM dead_letter WHERE id = (SELECT min(id) FROM dead_letter) RETURNING length(bytes) AS size';
      const gone = this.#prepare(sql).get() as { size: number } | undefined;
      if (!gone) return;
      this.#deadLetterBytes -= gone.size;
    }
  }

  /** Newest first. */
  deadLetters(limit: number): DeadLetter[] {
    const sql = 'SELECT id, unit, kind, detail, at_ms AS atMs, bytes FROM dead_letter ORDER BY id DESC LIMIT ?';
    return this.#prepare(sql).all(limit) as DeadLetter[];
  }

  deadLetterTotals(): { letters: number; bytes: number } {
    const sql = 'SELECT count(*) AS letters, coalesce(sum(length(bytes)), 0) AS bytes FROM dead_letter';
    return this.#prepare(sql).get() as { letters: number; bytes: number };
  }

  /** Counts dead letters anew after a transaction that was rolled back. */
  recount(): void {
    this.#deadLetterBytes = this.deadLetterTotals().bytes;
  }

  owe(epochId: number, sinks: readonly Sink[]): void {
    for (const { id } of sinks) this.#prepare('INSERT OR IGNORE INTO statement_owed VALUES (?, ?)').run(id, epochId);
  }

  told({ epochId, version }: ToldWrite, sink: Sink): void {
    this.#prepare(
      `DELETE FROM statement_owed WHERE sink = ? AND epoch = ?
       AND EXISTS (SELECT 1 FROM statement WHERE statement.epoch = statement_owed.epoch AND version = ?)`,
    ).run(sink.id, epochId, version);
  }

  owedStatements(sink: Sink, limit: number): OwedStatement[] {
    const sql = `SELECT statement.epoch AS epochId, version, unit, bytes, heard_ms AS heardMs FROM statement_owed
      JOIN statement ON statement.epoch = statement_owed.epoch JOIN epoch ON epoch.id = statement.epoch
      WHERE sink = ? LIMIT ?`;
    return this.#prepare(sql).all(sink.id, limit) as OwedStatement[];
  }
}
