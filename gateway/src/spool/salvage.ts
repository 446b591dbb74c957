import { readHead, verifyDigest } from '@iot/batch';
import { openDamaged, type SqliteDatabase } from '@iot/host';
import { isDecodeError } from '@iot/wire';
import type { SpoolBounds } from './api.ts';
import type { EntryRow } from './entry-rows.ts';
import { LedgerRows } from './ledger-rows.ts';

/** Positions that a damaged file may have given beyond the last one that reads. */
const POSITIONS_UNREAD = 1_000_000;

/** Tables that are copied row by row, with the order in which they are read. Entries are read apart: their bodies are checked. */
const COPIED = [
  ['epoch', 'id'],
  ['range', 'epoch, first'],
  ['digest', 'epoch, seq'],
  ['statement', 'epoch'],
  ['sink', 'id'],
  ['statement_owed', 'sink, epoch'],
  ['schema', 'rowid'],
  ['unit_schema', 'id'],
  ['dead_letter', 'id'],
] as const;

export interface Salvaged {
  readonly savedEntries: number;
  readonly lostEntries: number;
  readonly savedEpochs: number;
}

/**
 * Copies what reads of a damaged spool into a fresh one. Entries whose body does not read, or is not what was
 * accepted, leave the ledger too: it must not call accepted what no sink will get.
 */
export function salvage(damagedPath: string, fresh: SqliteDatabase, bounds: SpoolBounds): Salvaged {
  const wreck = openDamaged(damagedPath);
  if (!wreck) return { savedEntries: 0, lostEntries: 0, savedEpochs: 0 };
  try {
    return fresh.transaction(() => {
      for (const [table, order] of COPIED) copyTable(wreck, fresh, table, order);
      const counts = salvageEntries(wreck, fresh, new LedgerRows(fresh, bounds));
      const { epochs } = fresh.prepare('SELECT count(*) AS epochs FROM epoch').get() as { epochs: number };
      return { ...counts, savedEpochs: epochs };
    })();
  } finally {
    wreck.close();
  }
}

function copyTable(wreck: SqliteDatabase, fresh: SqliteDatabase, table: string, order: string): void {
  for (const row of readable<Record<string, unknown>>(wreck, table, order)) insert(fresh, table, row);
}

function salvageEntries(wreck: SqliteDatabase, fresh: SqliteDatabase, ledger: LedgerRows) {
  let savedEntries = 0;
  let lostEntries = 0;
  let last = 0;
  const owed = [...readable<{ sink: number; lane: number; position: number }>(wreck, 'owed', 'sink, lane, position')];
  const sinksOwed = new Map<number, number>();
  for (const { position } of owed) sinksOwed.set(position, (sinksOwed.get(position) ?? 0) + 1);
  const entries = [...readable<EntryRow & { owed: number }>(wreck, 'entry', 'position')];
  const sinkIds = (fresh.prepare('SELECT id FROM sink').all() as { id: number }[]).map(({ id }) => id);
  for (const entry of entries) {
    last = Math.max(last, entry.position);
    const bytes = bodyOf(wreck, entry.position);
    if (!bytes || !isWhole(bytes)) {
      ledger.unaccept(entry.epoch, entry.seq);
      lostEntries++;
      continue;
    }
    savedEntries++;
    insert(fresh, 'entry', { ...entry, owed: sinkIds.length });
    insert(fresh, 'body', { position: entry.position, bytes });
    // Who had confirmed is not worth trusting a damaged index for: sinks take a repeat once.
    for (const sink of sinkIds) insert(fresh, 'owed', { sink, lane: entry.lane, position: entry.position });
  }
  for (const position of sinksOwed.keys()) last = Math.max(last, position);
  fresh.prepare("DELETE FROM sqlite_sequence WHERE name = 'entry'").run();
  fresh
    .prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('entry', ?)")
    .run(Math.max(last, sequenceOf(wreck)) + POSITIONS_UNREAD);
  return { savedEntries, lostEntries };
}

function isWhole(bytes: Uint8Array): boolean {
  try {
    return verifyDigest(readHead(bytes));
  } catch (error) {
    if (!isDecodeError(error)) throw error;
    return false;
  }
}

function bodyOf(wreck: SqliteDatabase, position: number): Uint8Array | undefined {
  try {
    const row = wreck.prepare('SELECT bytes FROM body WHERE position = ?').get(position);
    return (row as { bytes: Uint8Array } | undefined)?.bytes;
  } catch {
    return undefined;
  }
}

function sequenceOf(wreck: SqliteDatabase): number {
  try {
    const row = wreck.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").get();
    return (row as { seq: number } | undefined)?.seq ?? 0;
  } catch {
    return 0;
  }
}

/** The rows of a table from its beginning up to the damage, then from its end back to it. */
function* readable<Row>(wreck: SqliteDatabase, table: string, order: string): Generator<Row> {
  if (yield* readUntilDamage<Row>(wreck, `SELECT * FROM ${table} ORDER BY ${order}`)) return;
  const backwards = order
    .split(', ')
    .map((column) => `${column} DESC`)
    .join(', ');
  yield* readUntilDamage<Row>(wreck, `SELECT * FROM ${table} ORDER BY ${backwards}`);
}

/** True where all rows read. */
function* readUntilDamage<Row>(wreck: SqliteDatabase, sql: string): Generator<Row, boolean> {
  let rows: IterableIterator<unknown>;
  try {
    rows = wreck.prepare(sql).iterate();
    for (;;) {
      const { value, done } = rows.next();
      if (done) return true;
      yield value as Row;
    }
  } catch {
    // Whatever the error: from here on the wreck does not read in this direction.
    return false;
  }
}

function insert(fresh: SqliteDatabase, table: string, row: Record<string, unknown>): void {
  const columns = Object.keys(row);
  const places = columns.map(() => '?').join(', ');
  // A damaged page may hold rows that no longer keep the table's rules: they are left behind.
  fresh.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${places})`).run(Object.values(row));
}
