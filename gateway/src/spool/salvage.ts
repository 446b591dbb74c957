import { type BatchHead, readHead, verifyDigest } from '@iot/batch';
import { openDamaged, type SqliteDatabase } from '@iot/host/sqlite';
import { isDecodeError } from '@iot/wire';
import type { EntryRow } from './entry-rows.ts';
import { LedgerRows } from './ledger-rows.ts';
import type { SpoolStoreOptions } from './store.ts';

/** Positions that a damaged file may have given beyond the last one that reads. */
const POSITIONS_UNREAD = 1_000_000;

/**
 * Tables that are copied row by row, with the order in which they are read. Entries are read apart: their bodies are checked.
 * Who had confirmed what is not worth trusting a damaged file for: all that is saved is owed to every sink again.
 */
const COPIED = [
  ['epoch', 'id'],
  ['range', 'epoch, first'],
  ['digest', 'epoch, seq'],
  ['statement', 'epoch'],
  ['stated', 'epoch'],
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
 * Copies what reads of a damaged spool into a fresh one. Entries that do not read, or are not what was accepted, leave
 * the ledger too: it must not call accepted what no sink will get.
 */
export function salvage(
  damagedPath: string,
  fresh: SqliteDatabase,
  { sinks, bounds }: Pick<SpoolStoreOptions, 'sinks' | 'bounds'>,
): Salvaged {
  const wreck = openDamaged(damagedPath);
  if (!wreck) return { savedEntries: 0, lostEntries: 0, savedEpochs: 0 };
  try {
    return fresh.transaction(() => {
      for (const name of sinks) insert(fresh, 'sink', { name });
      const whole = COPIED.map(([table, order]) => copyTable(wreck, fresh, table, order));
      // The sum of statements is made anew as they come; one that does not read would be in its way.
      fresh.exec('DELETE FROM stated WHERE NOT json_valid(account)');
      fresh.exec('INSERT INTO statement_owed SELECT sink.id, statement.epoch FROM sink, statement');
      const digestsWhole = whole[COPIED.findIndex(([table]) => table === 'digest')];
      const counts = salvageEntries(wreck, fresh, new LedgerRows(fresh, bounds), digestsWhole);
      const { epochs } = fresh.prepare('SELECT count(*) AS epochs FROM epoch').get() as { epochs: number };
      return { ...counts, savedEpochs: epochs };
    })();
  } finally {
    wreck.close();
  }
}

/** Returns whether all rows read. */
function copyTable(wreck: SqliteDatabase, fresh: SqliteDatabase, table: string, order: string): boolean {
  const rows = readable(wreck, table, order);
  for (;;) {
    const { value, done } = rows.next();
    if (done) return value;
    insert(fresh, table, value.row);
  }
}

function salvageEntries(wreck: SqliteDatabase, fresh: SqliteDatabase, ledger: LedgerRows, digestsWhole: boolean) {
  let savedEntries = 0;
  let lostEntries = 0;
  let lastForwards = 0;
  let lastPosition = sequenceOf(wreck);
  /** Acceptance times around the part of the table that does not read. */
  const hole = { sinceMs: Number.MIN_SAFE_INTEGER, untilMs: Number.MAX_SAFE_INTEGER };
  const sinks = (fresh.prepare('SELECT id FROM sink').all() as { id: number }[]).map(({ id }) => id);
  const rows = readable<EntryRow & Record<string, unknown>>(wreck, 'entry', 'position');
  let next = rows.next();
  for (; !next.done; next = rows.next()) {
    const { row, backwards } = next.value;
    if (backwards && row.position <= lastForwards) break;
    if (!backwards) lastForwards = row.position;
    lastPosition = Math.max(lastPosition, row.position);
    if (backwards) hole.untilMs = row.accepted_ms;
    else hole.sinceMs = row.accepted_ms;
    const bytes = bodyOf(wreck, row.position);
    const head = bytes && wholeHead(bytes);
    if (head) {
      const epoch = ledger.restore({ ...head, acceptedMs: row.accepted_ms });
      addEntry(fresh, { ...row, epoch }, bytes, sinks);
      savedEntries++;
    } else {
      ledger.unaccept(row.epoch, row.seq);
      lostEntries++;
    }
  }
  if (next.value !== true) {
    lostEntries += unacceptHole(fresh, ledger, hole);
    // With neither entries nor digests whole, nothing tells which of the accepted seqs are lost: the ledger begins anew.
    if (!digestsWhole) fresh.exec('DELETE FROM range; DELETE FROM digest');
  }
  continuePositions(fresh, lastPosition + POSITIONS_UNREAD);
  return { savedEntries, lostEntries };
}

function addEntry(
  fresh: SqliteDatabase,
  row: EntryRow & Record<string, unknown>,
  bytes: Uint8Array,
  sinks: number[],
): void {
  insert(fresh, 'entry', { ...row, owed: sinks.length });
  insert(fresh, 'body', { position: row.position, bytes });
  for (const sink of sinks) insert(fresh, 'owed', { sink, lane: row.lane, position: row.position });
}

/**
 * Of entries that do not read nobody knows which seqs they were. So all that was accepted in their time, and is not
 * among the saved, is taken back: some of it was delivered already, and a resend of that is taken once.
 */
function unacceptHole(
  fresh: SqliteDatabase,
  ledger: LedgerRows,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
): number {
  fresh.exec('CREATE INDEX entry_saved ON entry (epoch, seq)');
  const sql = `SELECT epoch, seq FROM digest WHERE at_ms BETWEEN ? AND ?
    AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.epoch = digest.epoch AND entry.seq = digest.seq)`;
  const doubtful = fresh.prepare(sql).all(sinceMs, untilMs) as { epoch: number; seq: number }[];
  for (const { epoch, seq } of doubtful) ledger.unaccept(epoch, seq);
  fresh.exec('DROP INDEX entry_saved');
  return doubtful.length;
}

/** Positions are never given twice, also those of entries that are lost. */
function continuePositions(fresh: SqliteDatabase, last: number): void {
  fresh.prepare("DELETE FROM sqlite_sequence WHERE name = 'entry'").run();
  fresh.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('entry', ?)").run(last);
}

/** The head of a batch that is what was accepted; undefined for one that is not. */
function wholeHead(bytes: Uint8Array): BatchHead | undefined {
  try {
    const head = readHead(bytes);
    return verifyDigest(head) ? head : undefined;
  } catch (error) {
    if (!isDecodeError(error)) throw error;
    return undefined;
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

/** The rows of a table from its beginning up to the damage, then from its end back to it. Returns whether all of them read. */
function* readable<Row extends Record<string, unknown>>(
  wreck: SqliteDatabase,
  table: string,
  order: string,
): Generator<{ readonly row: Row; readonly backwards: boolean }, boolean> {
  const reversed = order.replaceAll(/\w+/g, '$& DESC');
  for (const [columns, backwards] of [
    [order, false],
    [reversed, true],
  ] as const) {
    try {
      const rows = wreck.prepare<[], Row>(`SELECT * FROM ${table} ORDER BY ${columns}`).iterate();
      for (const row of rows) yield { row, backwards };
      // To the end without an error: forwards that is all there is, backwards the damage was passed over.
      return !backwards;
    } catch {
      // Whatever the error: from here on the wreck does not read in this direction.
    }
  }
  return false;
}

function insert(fresh: SqliteDatabase, table: string, row: Record<string, unknown>): void {
  const columns = Object.keys(row);
  const places = columns.map(() => '?').join(', ');
  // A damaged page may hold rows that no longer keep the table's rules: they are left behind.
  fresh.prepare(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${places})`).run(Object.values(row));
}
