import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { PAGE_BYTES } from './layout.ts';

/** The least that a store can work in. */
export const STORE_BYTES_MIN = 1024 ** 2;
const WAL_BYTES_MIN = 256 * 1024;
const WAL_BYTES_MAX = 4 * 1024 ** 2;
/** Pages past the bound in which gaps and notices find room before eviction has freed any. */
const SLACK_PAGES = 64;

/** How the bytes that the store may take are shared out. */
export interface Budget {
  /** The write-ahead log, and as much again for the reserve file. */
  readonly walBytes: number;
  /** Pages in use at which batches are evicted. */
  readonly pages: number;
  /** Pages at which SQLite itself refuses to grow. */
  readonly pagesHard: number;
}

/** Shares out `bytesMax`, or what the disk of the database is in all where that is less. @throws RangeError */
export function budgetFor(database: string, bytesMax: number): Budget {
  const { blocks, bsize } = statfsSync(dirname(database));
  return budgetOf(
    bytesMax < STORE_BYTES_MIN ? bytesMax : Math.max(STORE_BYTES_MIN, Math.min(bytesMax, blocks * bsize)),
  );
}

export function budgetOf(bytesMax: number): Budget {
  if (bytesMax < STORE_BYTES_MIN)
    throw new RangeError(`store.bytesMax is ${bytesMax}: the store needs ${STORE_BYTES_MIN} bytes (1MiB) at least`);
  const walBytes = Math.min(WAL_BYTES_MAX, Math.max(WAL_BYTES_MIN, Math.floor(bytesMax / 16)));
  const pagesHard = Math.floor((bytesMax - 2 * walBytes) / PAGE_BYTES);
  return { walBytes, pagesHard, pages: pagesHard - SLACK_PAGES };
}

/**
 * A file of zeros as large as the log, whose blocks are there for the one transaction that must not fail on a full disk:
 * the one that evicts and writes the gap. Without it a full disk would also keep the log from being written back.
 */
export class Reserve {
  readonly #path: string;
  readonly #bytes: number;

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** Bytes that are still to be taken. */
  get missingBytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size === this.#bytes ? 0 : this.#bytes;
  }

  /** Gives the room back to the disk. */
  release(): void {
    rmSync(this.#path, { force: true });
  }

  /** Takes the room again where the disk has it, and so many bytes more; without, the store works, but less surely. */
  take(promisedBytes: number): void {
    try {
      if (this.missingBytes === 0) return;
      const { bavail, bsize } = statfsSync(dirname(this.#path));
      if (bavail * bsize < this.#bytes + promisedBytes) return;
      const file = openSync(this.#path, 'w', 0o600);
      try {
        const zeros = new Uint8Array(64 * 1024);
        for (let at = 0; at < this.#bytes; at += zeros.length) writeSync(file, zeros);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch {
      // A reserve that cannot be had is no error: it is tried again after the next commit.
      this.release();
    }
  }
}
