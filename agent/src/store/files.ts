import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from './sidecar.ts';

export interface StorePaths {
  readonly database: string;
  readonly sidecar: string;
  readonly reserve: string;
  /** What is saved of a damaged database, until it is whole and takes its place. */
  readonly rebuilt: string;
}

export function pathsOf(database: string): StorePaths {
  return {
    database,
    sidecar: `${database}.sidecar`,
    reserve: `${database}.reserve`,
    rebuilt: `${database}.rebuilt`,
  };
}

/** A rebuilt database takes its place only when it is whole, and only then is the damaged one gone from there. */
export function settleRebuilt({ database, rebuilt }: StorePaths): void {
  if (!existsSync(rebuilt)) return;
  if (existsSync(database)) removeDatabase(rebuilt);
  else renameSync(rebuilt, database);
  syncDirectory(dirname(database));
}

export function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
}

/**
 * Moves the database with its log to `<file>.<why>-<n>`, for people to look at, and gives that name. Only the newest of
 * a kind is kept: they can be as large as the store.
 */
export function moveAside(path: string, why: 'damaged' | 'foreign'): string {
  const folder = dirname(path);
  const prefix = `${basename(path)}.${why}-`;
  const numbers = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number.parseInt(name.slice(prefix.length), 10))
    .filter(Number.isInteger);
  for (const number of numbers) {
    removeDatabase(join(folder, `${prefix}${number}`));
    rmSync(join(folder, `${prefix}${number}.sidecar`), { force: true });
  }
  const target = join(folder, `${prefix}${Math.max(0, ...numbers) + 1}`);
  // The log first: a database that is found without its log is an older state of itself; a log never finds a stranger.
  for (const suffix of ['-wal', '']) if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  rmSync(`${path}-shm`, { force: true });
  syncDirectory(folder);
  return target;
}
