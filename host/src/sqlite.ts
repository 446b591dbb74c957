import { statSync } from 'node:fs';
import Database from 'better-sqlite3';

export type SqliteDatabase = Database.Database;

export interface OpenDatabaseOptions {
  /** SQL that takes the file from version i to i + 1 (`PRAGMA user_version`). Append only. */
  readonly migrations: readonly string[];
  /** The write-ahead log is written back when it has this size, and truncated to it. Default 4 MiB. */
  readonly walBytes?: number;
  /** Bytes of pages kept in memory. Default 2 MiB. */
  readonly cacheBytes?: number;
  /** Keeps every other connection out, of this process too. Default false. */
  readonly exclusive?: boolean;
  /** How long to wait for another connection to let go. Default 5000. */
  readonly busyMs?: number;
  /** Files up to this size are checked page by page at open (about 1 s per GiB from cache); damage in larger ones shows when it is read. Default 1 GiB. */
  readonly checkBytesMax?: number;
}

/** The file is not, or no longer, a database that can be trusted. The caller decides what to save of it. */
export class DamagedDatabaseError extends Error {
  override readonly name = 'DamagedDatabaseError';
  readonly code = 'host/database-damaged';
}

/** The file was made by a newer version of the program. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError';
  readonly code = 'host/database-newer';
}

const MIB = 1024 ** 2;

/**
 * Opens or makes a database whose commits are durable when they return (WAL, synchronous=FULL), checks it and brings it
 * up to date. @throws DamagedDatabaseError, NewerDatabaseError, or SqliteError (disk full, no permission, SQLITE_BUSY where
 * another connection is in the way for longer than `busyMs`).
 */
export function openDatabase(path: string, options: OpenDatabaseOptions): SqliteDatabase {
  const { migrations, walBytes = 4 * MIB, cacheBytes = 2 * MIB, checkBytesMax = 1024 * MIB } = options;
  const database = new Database(path, { timeout: options.busyMs ?? 5_000 });
  try {
    if (options.exclusive) database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma(`cache_size = -${Math.ceil(cacheBytes / 1024)}`);
    database.pragma(`journal_size_limit = ${walBytes}`);
    const pageBytes = database.pragma('page_size', { simple: true }) as number;
    database.pragma(`wal_autocheckpoint = ${Math.max(1, Math.floor(walBytes / pageBytes))}`);
    if (path !== ':memory:' && statSync(path).size <= checkBytesMax) check(database, path);
    migrate(database, path, migrations);
    return database;
  } catch (error) {
    closeQuietly(database);
    throw isDamage(error) ? damaged(path, (error as Error).message, error) : error;
  }
}

/** Opens a damaged file to read what still reads; each read may throw. Undefined where not even that works. */
export function openDamaged(path: string): SqliteDatabase | undefined {
  let database: SqliteDatabase | undefined;
  try {
    database = new Database(path, { readonly: true, fileMustExist: true });
    // Lets SQLite read a file that is shorter than its header says.
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch {
    if (database) closeQuietly(database);
    return undefined;
  }
}

/** Whether an error says that the file is damaged, or lies on sectors that do not read, at open or later. */
export function isDamage(error: unknown): boolean {
  return /^(host\/database-damaged|SQLITE_NOTADB|SQLITE_CORRUPT.*|SQLITE_IOERR_(READ|SHORT_READ|CORRUPTFS))$/.test(
    codeOf(error),
  );
}

/** Whether a write failed for want of room: in the file's own bound, on the disk, or by the user's quota. */
export function isFull(error: unknown): boolean {
  return /^(SQLITE_FULL|SQLITE_IOERR_(WRITE|SHMSIZE|FSYNC)|ENOSPC|EDQUOT|EFBIG)$/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

function check(database: SqliteDatabase, path: string): void {
  const findings = database.pragma('quick_check(1)', { simple: true });
  if (findings !== 'ok') throw damaged(path, String(findings));
}

function migrate(database: SqliteDatabase, path: string, migrations: readonly string[]): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  if (version > migrations.length)
    throw new NewerDatabaseError(
      `${path} has version ${version}, this program knows ${migrations.length}: run the newer program, or move the file away`,
    );
  for (let next = version; next < migrations.length; next++) {
    database.transaction(() => {
      database.exec(migrations[next]);
      database.pragma(`user_version = ${next + 1}`);
    })();
  }
}

function damaged(path: string, detail: string, cause?: unknown): DamagedDatabaseError {
  return new DamagedDatabaseError(`${path} is damaged: ${detail}`, { cause });
}

function closeQuietly(database: SqliteDatabase): void {
  try {
    database.close();
  } catch {
    // The error that made us close is the one to tell.
  }
}

/** A `prepare` that compiles each statement once. For a fixed set of statements: nothing is ever forgotten. */
export function preparing(database: SqliteDatabase): SqliteDatabase['prepare'] {
  const known = new Map<string, Database.Statement>();
  const prepare = (sql: string): Database.Statement => {
    const statement = known.get(sql) ?? database.prepare(sql);
    known.set(sql, statement);
    return statement;
  };
  return prepare as SqliteDatabase['prepare'];
}
