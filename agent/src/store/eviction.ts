import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PAGE_BYTES, PENDING } from './layout.ts';
import type { StoreFile } from './open.ts';
import type { Budget, Reserve } from './room.ts';

/** There is no room, and nothing that may be evicted. Nothing was written; the next commit may fare better. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
  readonly code = 'store/full';
}

/** Pages that a batch may take beyond its body: its row, indexes, and its share of ranges and notices. */
const PAGES_AROUND = 3;
/** What the log may outgrow its size by before it is written back: one transaction. */
const WAL_OVERSHOOT_BYTES = 256 * 1024;
/** Pages kept free for gaps and notices where the file may not grow. */
const PAGES_FOR_GAPS = 16;

/** Keeps the file within its bound and within its disk, by the order of DESIGN: accepted, then the oldest of the lowest lane. */
export class Room {
  readonly #file: StoreFile;
  readonly #budget: Budget;
  readonly #reserve: Reserve;
  #pages: number;

  constructor(file: StoreFile, budget: Budget, reserve: Reserve) {
    this.#file = file;
    this.#budget = budget;
    this.#reserve = reserve;
    this.#pages = budget.pages;
    this.fit();
  }

  /** Bytes that batches may take at most. */
  get bytes(): number {
    return this.#pages * PAGE_BYTES;
  }

  /** Disk that is spoken for, and not taken yet: what the log may still grow, and what it holds of the file's own growth. */
  get promisedBytes(): number {
    const { database } = this.#file.paths;
    const walLeft = Math.max(0, this.#budget.walBytes - sizeOf(`${database}-wal`));
    return walLeft + WAL_OVERSHOOT_BYTES + Math.max(0, this.#figure('page_count') * PAGE_BYTES - sizeOf(database));
  }

  /**
   * Bounds the file by the configuration, and by what its disk has left now: a file that outgrows its disk could no more
   * be written back from the log, which is the one thing that must always work.
   */
  fit(): void {
    const pages = this.#figure('page_count');
    const { bavail, bsize } = statfsSync(dirname(this.#file.paths.database));
    const left = bavail * bsize - this.promisedBytes - this.#reserve.missingBytes;
    const growth = Math.max(0, Math.floor(left / PAGE_BYTES));
    const hard = Math.min(this.#budget.pagesHard, pages + growth);
    this.#pages = Math.min(this.#budget.pages, hard - PAGES_FOR_GAPS);
    this.#file.db.pragma(`max_page_count = ${hard}`);
  }

  /** The disk is full: writes the log back, which frees what it took, and takes stock. */
  relieve(): void {
    this.#file.db.pragma('wal_checkpoint(TRUNCATE)');
    this.fit();
  }

  /**
   * Within a transaction: evicts until a body of so many bytes has room, never a seq in `spared`, and states the gaps.
   * Notes what it evicted in `evicted`. @throws StoreFullError, unless `insist` is false
   */
  make(bodyBytes: number, spared: ReadonlySet<number>, evicted: Evicted, insist = true): void {
    const needed = Math.ceil(bodyBytes / (PAGE_BYTES - 4)) + PAGES_AROUND;
    while (this.#figure('page_count') - this.#figure('freelist_count') + needed > this.#pages) {
      if (this.#evictOne(spared, evicted)) continue;
      if (!insist) return;
      throw new StoreFullError(
        `no room for ${bodyBytes} bytes in ${this.#file.paths.database}, and nothing to evict: free disk space, or raise store.bytesMax`,
      );
    }
  }

  #evictOne(spared: ReadonlySet<number>, evicted: Evicted): boolean {
    const { queue, records, present } = this.#file;
    const row = queue.nextToEvict(spared);
    if (!row) return queue.dropOldestQuarantined();
    queue.delete(row.id);
    if (row.state !== PENDING) return true;
    records.mark(present.ordinal, row.seq, row.seq, 'evicted', 'store full');
    evicted.batches++;
    evicted.readings += row.readings;
    evicted.firstSeq = Math.min(evicted.firstSeq, row.seq);
    evicted.lastSeq = Math.max(evicted.lastSeq, row.seq);
    return true;
  }

  #figure(pragma: 'page_count' | 'freelist_count'): number {
    return this.#file.db.pragma(pragma, { simple: true }) as number;
  }
}

/** What one transaction evicted of batches that no gateway had. */
export class Evicted {
  batches = 0;
  readings = 0;
  firstSeq = Number.POSITIVE_INFINITY;
  lastSeq = 0;

  /** Leaves word of it, where there is any. */
  tell({ records }: StoreFile): void {
    const { batches, readings, firstSeq, lastSeq } = this;
    if (batches > 0) records.notice('store-evicted', { batches, readings, firstSeq, lastSeq });
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
