import { existsSync, renameSync } from 'node:fs';

/** A database file with the log and index that belong to it. */
const SUFFIXES = ['', '-wal', '-shm'] as const;

/** Moves a database file out of the way, to the first free `<path>.damaged-<n>`; returns where it lies now. */
export function setAside(path: string): string {
  let n = 1;
  while (existsSync(`${path}.damaged-${n}`)) n++;
  const target = `${path}.damaged-${n}`;
  for (const suffix of SUFFIXES)
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${target}${suffix}`);
  return target;
}
