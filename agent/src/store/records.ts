import { bytesOf, hexOf } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import { addFate, type Fate, removeFates } from './ranges.ts';

export interface StoreRecord {
  readonly unit: string;
  readonly machine: string;
  readonly generation: string;
  readonly clean: number;
}

export interface EpochRecord {
  readonly ordinal: number;
  /** Hex. */
  readonly epoch: string;
  readonly nextSeq: number;
}

/** How many past epochs are stated; what older ones left open was stated while they were among these. */
export const PAST_EPOCHS_MAX = 8;
/** Notices that wait to become events; past it the oldest go. */
const NOTICES_MAX = 256;
const DETAIL_CHARACTERS_MAX = 200;

/** The small tables: whose store it is, its epochs, what became of their seqs, schemas, and notices. */
export class Records {
  readonly #db: SqliteDatabase;
  readonly #prepare: SqliteDatabase['prepare'];

  constructor(db: SqliteDatabase) {
    this.#db = db;
    this.#prepare = preparing(db);
  }

  store(): StoreRecord | undefined {
    return this.#prepare<[], StoreRecord>('SELECT unit, machine, generation, clean FROM store').get();
  }

  setStore({ unit, machine, generation, clean }: StoreRecord): void {
    this.#prepare('INSERT OR REPLACE INTO store (id, unit, machine, generation, clean) VALUES (1, ?, ?, ?, ?)').run(
      unit,
      machine,
      generation,
      clean,
    );
  }

  /** The present epoch first, then the past ones, newest first. */
  epochs(): EpochRecord[] {
    return this.#prepare<[], { ordinal: number; id: Uint8Array; next_seq: number }>(
      'SELECT ordinal, id, next_seq FROM epoch ORDER BY ordinal DESC',
    )
      .all()
      .map(({ ordinal, id, next_seq }) => ({ ordinal, epoch: hexOf(id), nextSeq: next_seq }));
  }

  /** Opens an epoch after the others, and forgets those that are stated no more. */
  addEpoch(epoch: string, nextSeq = 1): EpochRecord {
    const { lastInsertRowid } = this.#prepare('INSERT INTO epoch (id, next_seq) VALUES (?, ?)').run(
      bytesOf(epoch),
      nextSeq,
    );
    const ordinal = Number(lastInsertRowid);
    this.#prepare('DELETE FROM epoch WHERE ordinal < ?').run(ordinal - PAST_EPOCHS_MAX);
    return { ordinal, epoch, nextSeq };
  }

  setNextSeq(ordinal: number, nextSeq: number): void {
    this.#prepare('UPDATE epoch SET next_seq = ? WHERE ordinal = ?').run(nextSeq, ordinal);
  }

  /** What became of an epoch's seqs, ascending and disjoint. */
  fates(ordinal: number): Fate[] {
    return this.#prepare<[number], Fate>(
      'SELECT first, last, reason, detail FROM range WHERE epoch = ? ORDER BY first',
    ).all(ordinal);
  }

  /** Records what became of `first` to `last`: accepted beats a gap, and of two gaps the first stays. */
  mark(ordinal: number, first: number, last: number, reason: Fate['reason'], detail = ''): void {
    if (first > last) return;
    const added = { first, last, reason, detail: detail.slice(0, DETAIL_CHARACTERS_MAX) };
    this.#change(ordinal, first, last, (near) => addFate(near, added));
  }

  /** Takes back that `first` to `last` were accepted: they are to be sent again. */
  unmark(ordinal: number, first: number, last: number): void {
    this.#change(ordinal, first, last, (near) => removeFates(near, first, last));
  }

  #change(ordinal: number, first: number, last: number, change: (near: readonly Fate[]) => Fate[]): void {
    const near = this.#near(ordinal, first - 1, last + 1);
    const remove = this.#prepare('DELETE FROM range WHERE epoch = ? AND first = ?');
    const insert = this.#prepare('INSERT INTO range (epoch, first, last, reason, detail) VALUES (?, ?, ?, ?, ?)');
    for (const fate of near) remove.run(ordinal, fate.first);
    for (const fate of change(near)) insert.run(ordinal, fate.first, fate.last, fate.reason, fate.detail);
  }

  /** The ranges that touch `first` to `last`; disjoint, so only one of them can start before it. */
  #near(ordinal: number, first: number, last: number): Fate[] {
    return this.#prepare<[number, number, number, number, number], Fate>(
      `SELECT first, last, reason, detail FROM range
         WHERE epoch = ? AND last >= ? AND first <= ?
           AND first >= (SELECT coalesce(max(first), 0) FROM range WHERE epoch = ? AND first <= ?)
         ORDER BY first`,
    ).all(ordinal, first, last, ordinal, first);
  }

  /** The row of a schema, made where it is new. */
  schemaId(hash: string, bytes: Uint8Array): number {
    const known = this.#prepare<[string], { id: number }>('SELECT id FROM schema WHERE hash = ?').get(hash);
    if (known) return known.id;
    return Number(this.#prepare('INSERT INTO schema (hash, bytes) VALUES (?, ?)').run(hash, bytes).lastInsertRowid);
  }

  schema(hash: string): Uint8Array | undefined {
    return this.#prepare<[string], { bytes: Uint8Array }>('SELECT bytes FROM schema WHERE hash = ?').get(hash)?.bytes;
  }

  schemaKnown(gateway: string, hash: string): boolean {
    return this.#prepare('SELECT 1 FROM schema_known WHERE gateway = ? AND hash = ?').get(gateway, hash) !== undefined;
  }

  setSchemaKnown(gateway: string, hash: string, known: boolean): void {
    this.#prepare(
      known
        ? 'INSERT OR IGNORE INTO schema_known (gateway, hash) VALUES (?, ?)'
        : 'DELETE FROM schema_known WHERE gateway = ? AND hash = ?',
    ).run(gateway, hash);
  }

  /** Forgets schemas that nothing in the store names any more. */
  dropUnusedSchemas(): void {
    this.#db.exec(`
      DELETE FROM schema WHERE id NOT IN (SELECT schema FROM batch UNION SELECT schema FROM journal)
        AND hash NOT IN (SELECT schema FROM quarantine);
      DELETE FROM schema_known WHERE hash NOT IN (SELECT hash FROM schema);
    `);
  }

  /** Something that happened, kept until the event that tells of it is committed. */
  notice(name: string, attributes: Readonly<Record<string, string | number | boolean | null>>): void {
    const { lastInsertRowid } = this.#prepare('INSERT INTO notice (name, attributes) VALUES (?, ?)').run(
      name,
      JSON.stringify(attributes),
    );
    this.#prepare('DELETE FROM notice WHERE id <= ?').run(Number(lastInsertRowid) - NOTICES_MAX);
  }

  noticesAfter(id: number): { readonly id: number; readonly name: string; readonly attributes: string }[] {
    return this.#prepare<[number], { id: number; name: string; attributes: string }>(
      'SELECT id, name, attributes FROM notice WHERE id > ? ORDER BY id',
    ).all(id);
  }

  dropNotices(upTo: number): void {
    this.#prepare('DELETE FROM notice WHERE id <= ?').run(upTo);
  }
}
