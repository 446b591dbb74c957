import { bytesOf, decodeStatement, type Statement } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import { isDecodeError } from '@iot/wire';
import { type Account, addAccount, sayingsOf } from '../ledger/account.ts';
import type { HeardBytes, StatedAccount } from './api.ts';
import type { BatchWrite, Standing, StatementWrite } from './writes.ts';

const VEHICLES_MAX = 16;

export interface LedgerBounds {
  /** Digests kept per epoch, the newest; ranges are kept whole. */
  readonly digestsPerEpoch: number;
  /** Epochs kept per unit: those heard of last. */
  readonly epochsPerUnit: number;
}

type Acceptance = Pick<BatchWrite, 'unit' | 'vehicle' | 'epoch' | 'seq' | 'digest' | 'acceptedMs'>;

export interface EpochRow {
  readonly id: number;
  readonly unit: string;
  readonly epoch: Uint8Array;
  /** JSON array. */
  readonly vehicles: string;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly digests: number;
}

/** The ledger in SQL. Transactions are the caller's. */
export class LedgerRows {
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #bounds: LedgerBounds;

  constructor(db: SqliteDatabase, bounds: LedgerBounds) {
    this.#prepare = preparing(db);
    this.#bounds = bounds;
  }

  /**
   * What the ledger says of an identity. An epoch that another unit uses is a conflict, as identity knows no unit. A seq that was accepted so long ago that its digest is forgotten is a conflict: an
   * acknowledgement would be a promise that nobody can check, a new epoch costs readings twice at most.
   */
  standing({ unit, epoch, seq, digest }: Pick<BatchWrite, 'unit' | 'epoch' | 'seq' | 'digest'>): Standing {
    const row = this.find(epoch);
    if (!row) return 'new';
    if (row.unit !== unit) return 'conflict';
    if (!this.accepted(row.id, seq)) return 'new';
    const known = this.#prepare('SELECT digest FROM digest WHERE epoch = ? AND seq = ?').get(row.id, seq) as
      | { digest: Uint8Array }
      | undefined;
    return known && Buffer.compare(known.digest, bytesOf(digest)) === 0 ? 'duplicate' : 'conflict';
  }

  /** Records an acceptance; returns the epoch's row id. The seq must be new. */
  accept({ unit, vehicle, epoch, seq, digest, acceptedMs }: Acceptance): number {
    const row = this.#touch(unit, vehicle, epoch, acceptedMs);
    this.addRange(row.id, seq, seq);
    this.#prepare('INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?)').run(row.id, seq, bytesOf(digest), acceptedMs);
    this.#pruneDigests(row.id, row.digests + 1);
    return row.id;
  }

  /** Records an acceptance of which parts may be known already; returns the epoch's row id. */
  restore(batch: Acceptance): number {
    const row = this.find(batch.epoch);
    if (!row || !this.accepted(row.id, batch.seq)) return this.accept(batch);
    const sql = 'INSERT OR IGNORE INTO digest VALUES (?, ?, ?, ?)';
    this.#prepare(sql).run(row.id, batch.seq, bytesOf(batch.digest), batch.acceptedMs);
    return row.id;
  }

  /** Keeps a statement as its epoch's newest; returns the epoch's row id, or undefined where the epoch is another unit's. */
  hear({ unit, vehicle, epoch, bytes, heardMs }: StatementWrite): number | undefined {
    const known = this.find(epoch);
    if (known && known.unit !== unit) return undefined;
    const { id } = this.#touch(unit, vehicle, epoch, heardMs);
    this.#prepare(
      `INSERT INTO statement VALUES (?, ?, ?, (SELECT coalesce(max(version), 0) + 1 FROM statement))
       ON CONFLICT (epoch) DO UPDATE SET bytes = excluded.bytes, heard_ms = excluded.heard_ms, version = excluded.version`,
    ).run(id, bytes, heardMs);
    this.#addStated(unit, bytes);
    return id;
  }

  /** What all statements together say of an epoch. */
  stated(epochId: number): StatedAccount | undefined {
    const sql = 'SELECT account, closed_by AS closedBy FROM stated WHERE epoch = ?';
    const row = this.#prepare(sql).get(epochId) as { account: string; closedBy: Uint8Array | null } | undefined;
    return row && { account: JSON.parse(row.account) as Account, ...(row.closedBy && { closedBy: row.closedBy }) };
  }

  /** A past epoch that this gateway heard nothing else of is not opened: there is nothing that it could answer for. */
  #addStated(unit: string, bytes: Uint8Array): void {
    const statement = readStatement(bytes);
    for (const { epoch, account, closedBy } of statement ? sayingsOf(statement) : []) {
      const row = this.find(epoch);
      if (row?.unit !== unit) continue;
      const known = this.stated(row.id);
      const sum = JSON.stringify(addAccount(known?.account, account));
      const sql = `INSERT INTO stated VALUES (?, ?, ?) ON CONFLICT (epoch)
        DO UPDATE SET account = excluded.account, closed_by = coalesce(closed_by, excluded.closed_by)
        WHERE account <> excluded.account OR (closed_by IS NULL AND excluded.closed_by IS NOT NULL)`;
      this.#prepare(sql).run(row.id, sum, closedBy ?? null);
    }
  }

  find(epoch: Uint8Array): EpochRow | undefined {
    return this.#prepare('SELECT * FROM epoch WHERE epoch = ?').get(epoch) as EpochRow | undefined;
  }

  /** Newest first. */
  epochsOf(unit: string): EpochRow[] {
    return this.#prepare('SELECT * FROM epoch WHERE unit = ? ORDER BY last_ms DESC, id DESC').all(unit) as EpochRow[];
  }

  units(): { unit: string; last_ms: number }[] {
    return this.#prepare('SELECT unit, max(last_ms) AS last_ms FROM epoch GROUP BY unit ORDER BY unit').all() as {
      unit: string;
      last_ms: number;
    }[];
  }

  heard(epochId: number): HeardBytes | undefined {
    return this.#prepare('SELECT bytes, heard_ms AS heardMs FROM statement WHERE epoch = ?').get(epochId) as
      | HeardBytes
      | undefined;
  }

  ranges(epochId: number): [number, number][] {
    const sql = 'SELECT first, last FROM range WHERE epoch = ? ORDER BY first';
    return this.#prepare(sql).raw().all(epochId) as [number, number][];
  }

  accepted(epochId: number, seq: number): boolean {
    return (this.#before(epochId, seq)?.last ?? 0) >= seq;
  }

  /** Adds seqs none of which is accepted, joining neighbours. */
  addRange(epochId: number, first: number, last: number): void {
    const before = this.#before(epochId, first - 1);
    const after = this.#prepare('SELECT last FROM range WHERE epoch = ? AND first = ?').get(epochId, last + 1) as
      | { last: number }
      | undefined;
    if (after) this.#prepare('DELETE FROM range WHERE epoch = ? AND first = ?').run(epochId, last + 1);
    const from = before?.last === first - 1 ? before.first : first;
    this.#prepare('INSERT OR REPLACE INTO range VALUES (?, ?, ?)').run(epochId, from, after?.last ?? last);
  }

  /** Takes back an acceptance that turned out to hold nothing. */
  unaccept(epochId: number, seq: number): void {
    const row = this.#before(epochId, seq);
    if (!row || row.last < seq) return;
    this.#prepare('DELETE FROM range WHERE epoch = ? AND first = ?').run(epochId, row.first);
    const insert = this.#prepare('INSERT INTO range VALUES (?, ?, ?)');
    if (row.first < seq) insert.run(epochId, row.first, seq - 1);
    if (row.last > seq) insert.run(epochId, seq + 1, row.last);
    const { changes } = this.#prepare('DELETE FROM digest WHERE epoch = ? AND seq = ?').run(epochId, seq);
    this.#prepare('UPDATE epoch SET digests = digests - ? WHERE id = ?').run(changes, epochId);
  }

  #before(epochId: number, seq: number): { first: number; last: number } | undefined {
    const sql = 'SELECT first, last FROM range WHERE epoch = ? AND first <= ? ORDER BY first DESC LIMIT 1';
    return this.#prepare(sql).get(epochId, seq) as { first: number; last: number } | undefined;
  }

  #touch(unit: string, vehicle: string, epoch: Uint8Array, nowMs: number): EpochRow {
    const row = this.find(epoch) ?? this.#open(unit, epoch, nowMs);
    const others = (JSON.parse(row.vehicles) as string[]).filter((name) => name !== vehicle);
    const vehicles = JSON.stringify([...others, vehicle].slice(-VEHICLES_MAX));
    this.#prepare('UPDATE epoch SET vehicles = ?, last_ms = max(last_ms, ?) WHERE id = ?').run(vehicles, nowMs, row.id);
    return row;
  }

  #open(unit: string, epoch: Uint8Array, nowMs: number): EpochRow {
    const sql = 'INSERT INTO epoch (unit, epoch, first_ms, last_ms) VALUES (?, ?, ?, ?) RETURNING *';
    const row = this.#prepare(sql).get(unit, epoch, nowMs, nowMs) as EpochRow;
    for (const { id } of this.epochsOf(unit).slice(this.#bounds.epochsPerUnit)) if (id !== row.id) this.#forget(id);
    return row;
  }

  #forget(epochId: number): void {
    for (const table of ['range', 'digest', 'statement', 'statement_owed', 'stated'])
      this.#prepare(`DELETE FROM ${table} WHERE epoch = ?`).run(epochId);
    this.#prepare('DELETE FROM epoch WHERE id = ?').run(epochId);
  }

  /** Forgets the oldest digests once an eighth too many are there: each costs one look at the epoch's digests. */
  #pruneDigests(epochId: number, count: number): void {
    const { digestsPerEpoch } = this.#bounds;
    let left = count;
    if (count > digestsPerEpoch + Math.floor(digestsPerEpoch / 8)) {
      const oldest = `SELECT seq FROM digest WHERE epoch = ? ORDER BY at_ms DESC, seq DESC LIMIT -1 OFFSET ?`;
      const sql = `DELETE FROM digest WHERE epoch = ? AND seq IN (${oldest})`;
      left -= this.#prepare(sql).run(epochId, epochId, digestsPerEpoch).changes;
    }
    this.#prepare('UPDATE epoch SET digests = ? WHERE id = ?').run(left, epochId);
  }
}

/** Undefined for bytes that were salvaged and do not read. */
function readStatement(bytes: Uint8Array): Statement | undefined {
  try {
    return decodeStatement(bytes);
  } catch (error) {
    if (isDecodeError(error)) return undefined;
    throw error;
  }
}
