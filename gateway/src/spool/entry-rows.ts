import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import type { SinkStatus, StoredEntry } from './api.ts';
import { LANES } from './layout.ts';
import type { BatchWrite } from './writes.ts';

export interface EntryRow {
  readonly position: number;
  readonly epoch: number;
  readonly seq: number;
  readonly lane: number;
  readonly bytes: number;
  readonly accepted_ms: number;
}

interface Sink {
  readonly id: number;
  readonly name: string;
}

/** Entries, their bodies, and which sink is owed which, in SQL. Transactions are the caller's. */
export class EntryRows {
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #sinks: readonly Sink[];

  /** Sinks that are new are owed what is accepted from now on; what only a sink that is gone was owed is let go. */
  constructor(db: SqliteDatabase, sinkNames: readonly string[]) {
    this.#prepare = preparing(db);
    this.#sinks = db.transaction(() => this.#configure(sinkNames))();
  }

  /** Owes a batch to every sink but the one that holds it. Returns the bytes that the spool grew by. */
  add(write: BatchWrite, epochId: number): number {
    const owing = this.#sinks.filter(({ name }) => name !== write.confirmedBy);
    if (owing.length === 0) return 0;
    const lane = LANES.indexOf(write.lane);
    const { lastInsertRowid: position } = this.#prepare(
      'INSERT INTO entry (epoch, seq, lane, bytes, accepted_ms, owed) VALUES (?, ?, ?, ?, ?, ?)',
    ).run(epochId, write.seq, lane, write.bytes.length, write.acceptedMs, owing.length);
    this.#prepare('INSERT INTO body VALUES (?, ?)').run(position, write.bytes);
    for (const { id } of owing) this.#prepare('INSERT INTO owed VALUES (?, ?, ?)').run(id, lane, position);
    return write.bytes.length;
  }

  /** A sink holds it. Returns the bytes that left the spool. */
  confirm(sinkName: string, position: number): number {
    const row = this.find(position);
    if (!row) return 0;
    const sql = 'DELETE FROM owed WHERE sink = ? AND lane = ? AND position = ?';
    if (this.#prepare(sql).run(this.#idOf(sinkName), row.lane, position).changes === 0) return 0;
    const { owed } = this.#prepare('UPDATE entry SET owed = owed - 1 WHERE position = ? RETURNING owed').get(
      position,
    ) as { owed: number };
    return owed > 0 ? 0 : this.remove(row);
  }

  /** Returns the bytes that left the spool. */
  remove(row: EntryRow): number {
    for (const { id } of this.#sinks)
      this.#prepare('DELETE FROM owed WHERE sink = ? AND lane = ? AND position = ?').run(id, row.lane, row.position);
    this.#prepare('DELETE FROM body WHERE position = ?').run(row.position);
    this.#prepare('DELETE FROM entry WHERE position = ?').run(row.position);
    return row.bytes;
  }

  find(position: number): EntryRow | undefined {
    return this.#prepare('SELECT * FROM entry WHERE position = ?').get(position) as EntryRow | undefined;
  }

  /** What a sink should take next: alerts, then live with the newest first, then backlog; at least one where there is any. */
  next(sinkName: string, bytesMax: number, countMax: number): StoredEntry[] {
    const entries: StoredEntry[] = [];
    const sink = this.#idOf(sinkName);
    let bytes = 0;
    for (const [number, lane] of LANES.entries()) {
      const sql = `SELECT entry.position, entry.bytes AS size, entry.accepted_ms AS acceptedMs FROM owed
        JOIN entry ON entry.position = owed.position WHERE owed.sink = ? AND owed.lane = ?
        ORDER BY owed.position ${lane === 'live' ? 'DESC' : 'ASC'} LIMIT ?`;
      const found = this.#prepare(sql).all(sink, number, countMax - entries.length) as {
        position: number;
        size: number;
        acceptedMs: number;
      }[];
      for (const { position, size, acceptedMs } of found) {
        bytes += size;
        if (entries.length > 0 && bytes > bytesMax) return entries;
        entries.push({ position, lane, acceptedMs, bytes: this.#body(position) });
      }
    }
    return entries;
  }

  totals(): { entries: number; bytes: number } {
    const sql = 'SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM entry';
    return this.#prepare(sql).get() as { entries: number; bytes: number };
  }

  status(): SinkStatus[] {
    return this.#sinks.map(({ id, name }) => {
      const { entries } = this.#prepare('SELECT count(*) AS entries FROM owed WHERE sink = ?').get(id) as {
        entries: number;
      };
      return { sink: name, entries, ...this.#oldest(id) };
    });
  }

  /** Sinks as rows, for what else is owed to them. */
  get sinks(): readonly Sink[] {
    return this.#sinks;
  }

  #oldest(sink: number): { oldestMs?: number } {
    const sql = `SELECT accepted_ms FROM entry WHERE position = (SELECT min(position) FROM owed WHERE sink = ? AND lane = ?)`;
    const times = LANES.map((_, lane) => this.#prepare(sql).get(sink, lane) as { accepted_ms: number } | undefined);
    const known = times.flatMap((row) => (row ? [row.accepted_ms] : []));
    return known.length > 0 ? { oldestMs: Math.min(...known) } : {};
  }

  /** Empty where it is gone: that reads as an unreadable entry. */
  #body(position: number): Uint8Array {
    const row = this.#prepare('SELECT bytes FROM body WHERE position = ?').get(position) as
      | { bytes: Uint8Array }
      | undefined;
    return row?.bytes ?? new Uint8Array(0);
  }

  #idOf(sinkName: string): number {
    const sink = this.#sinks.find(({ name }) => name === sinkName);
    if (!sink) throw new Error(`no sink '${sinkName}' is configured for this spool`);
    return sink.id;
  }

  #configure(names: readonly string[]): Sink[] {
    for (const name of names) this.#prepare('INSERT OR IGNORE INTO sink (name) VALUES (?)').run(name);
    const known = this.#prepare('SELECT id, name FROM sink').all() as Sink[];
    for (const gone of known.filter(({ name }) => !names.includes(name))) this.#dismiss(gone.id);
    return known.filter(({ name }) => names.includes(name));
  }

  #dismiss(sink: number): void {
    this.#prepare('DELETE FROM owed WHERE sink = ?').run(sink);
    this.#prepare('DELETE FROM statement_owed WHERE sink = ?').run(sink);
    this.#prepare('DELETE FROM sink WHERE id = ?').run(sink);
    this.#prepare(
      'UPDATE entry SET owed = (SELECT count(*) FROM owed WHERE owed.position = entry.position AND owed.lane = entry.lane AND owed.sink IN (SELECT id FROM sink))',
    ).run();
    this.#prepare('DELETE FROM body WHERE position IN (SELECT position FROM entry WHERE owed = 0)').run();
    this.#prepare('DELETE FROM entry WHERE owed = 0').run();
  }
}
