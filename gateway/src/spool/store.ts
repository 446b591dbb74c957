import { randomUUID } from 'node:crypto';
import { statfsSync, statSync } from 'node:fs';
import { isDamage, isFull, type SqliteDatabase } from '@iot/host/sqlite';
import type {
  DamageReport,
  DeadLetter,
  OwedStatement,
  SpoolBounds,
  SpoolStatus,
  StoredEntry,
  StoredEpoch,
} from './api.ts';
import { EntryRows } from './entry-rows.ts';
import { type EpochRow, LedgerRows } from './ledger-rows.ts';
import { openSpoolFile } from './opening.ts';
import { SideRows } from './side-rows.ts';
import {
  type BatchWrite,
  bytesOfWrite,
  type Outcome,
  type Standing,
  type StatementWrite,
  type Write,
} from './writes.ts';

export interface SpoolStoreOptions {
  readonly path: string;
  readonly sinks: readonly string[];
  readonly bounds: SpoolBounds;
}

/** Bytes in free pages for each byte written: indexes, ledger and half-filled pages take their part. */
const FREE_PAGES_FACTOR = 4;

/** The file was damaged while in use. It was set aside and what read was saved: ask again. */
export class SpoolDamagedError extends Error {
  override readonly name = 'SpoolDamagedError';
  readonly code = 'spool/damaged';
}

/**
 * Spool and ledger in one SQLite file, synchronously: runs in a worker thread. Acceptance is one transaction over both,
 * durable when `commit` returns. A file that turns out to be damaged is replaced under way by what reads of it.
 */
export class SpoolStore {
  readonly #options: SpoolStoreOptions;
  readonly #reports: DamageReport[] = [];
  #db!: SqliteDatabase;
  #ledger!: LedgerRows;
  #entries!: EntryRows;
  #side!: SideRows;
  #bytes = 0;
  #gateway = '';

  constructor(options: SpoolStoreOptions) {
    this.#options = options;
    this.#open();
  }

  /** Random, made with the file: another id means that what this gateway knew is gone. */
  get gateway(): string {
    return this.#gateway;
  }

  takeReports(): DamageReport[] {
    return this.#reports.splice(0);
  }

  /** One transaction. Where the disk is full nothing is written and every outcome is `full`. */
  commit(writes: readonly Write[]): Outcome[] {
    return this.#guarded(() => {
      const bytesBefore = this.#bytes;
      try {
        const mayGrow = this.#mayGrow(writes);
        return this.#db.transaction(() => writes.map((write) => this.#apply(write, mayGrow))).immediate();
      } catch (error) {
        this.#bytes = bytesBefore;
        this.#side.recount();
        if (isFull(error)) return writes.map(() => 'full');
        throw error;
      }
    });
  }

  standings(batches: readonly Pick<BatchWrite, 'unit' | 'epoch' | 'seq' | 'digest'>[]): Standing[] {
    return this.#guarded(() => batches.map((batch) => this.#ledger.standing(batch)));
  }

  next(sink: string, bytesMax: number, countMax: number): StoredEntry[] {
    return this.#guarded(() => this.#entries.next(sink, bytesMax, countMax));
  }

  owedStatements(sink: string, limit: number): OwedStatement[] {
    return this.#guarded(() => this.#side.owedStatements(this.#sink(sink), limit));
  }

  schema(hash: string): Uint8Array | undefined {
    return this.#guarded(() => this.#side.schema(hash));
  }

  /** Newest first. */
  epochs(unit: string): StoredEpoch[] {
    return this.#guarded(() => this.#ledger.epochsOf(unit).map((row) => this.#storedEpoch(row)));
  }

  /** Every unit of the ledger, by name, with when it was last heard of. */
  units(): { unit: string; lastMs: number }[] {
    return this.#guarded(() => this.#ledger.units().map(({ unit, last_ms }) => ({ unit, lastMs: last_ms })));
  }

  deadLetters(limit: number): DeadLetter[] {
    return this.#guarded(() => this.#side.deadLetters(limit));
  }

  status(): SpoolStatus {
    return this.#guarded(() => {
      const { letters, bytes } = this.#side.deadLetterTotals();
      const fileBytes = statSync(this.#options.path).size;
      return {
        ...this.#entries.totals(),
        fileBytes,
        deadLetters: letters,
        deadLetterBytes: bytes,
        sinks: this.#entries.status(),
      };
    });
  }

  close(): void {
    this.#db.close();
  }

  #open(): void {
    const { sinks, bounds } = this.#options;
    const { db, report } = openSpoolFile(this.#options);
    if (report) this.#reports.push(report);
    this.#db = db;
    this.#ledger = new LedgerRows(db, bounds);
    this.#entries = new EntryRows(db, sinks);
    this.#side = new SideRows(db);
    this.#bytes = this.#entries.totals().bytes;
    db.prepare('INSERT OR IGNORE INTO gateway VALUES (1, ?)').run(randomUUID());
    this.#gateway = (db.prepare('SELECT name FROM gateway').get() as { name: string }).name;
  }

  /** Runs `work`; where the file proves damaged, opens anew with what reads and asks the caller to come again. */
  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#db.close();
      this.#open();
      throw new SpoolDamagedError('the spool file was damaged and has been replaced by what reads of it: ask again', {
        cause: error,
      });
    }
  }

  #apply(write: Write, mayGrow: boolean): Outcome {
    switch (write.kind) {
      case 'batch':
        return this.#accept(write, mayGrow);
      case 'statement':
        return mayGrow ? this.#hear(write) : 'full';
      case 'schema':
        if (!mayGrow) return 'full';
        this.#side.addSchema(write, this.#options.bounds.schemasPerUnit);
        return 'stored';
      case 'dead-letter':
        if (!mayGrow) return 'full';
        this.#side.addDeadLetter(write, this.#options.bounds.deadLetterBytesMax);
        return 'stored';
      case 'confirm':
        for (const position of write.positions) this.#bytes -= this.#entries.confirm(write.sink, position);
        return 'stored';
      case 'lost':
        for (const position of write.positions) this.#lose(position);
        return 'stored';
      case 'told':
        this.#side.told(write, this.#sink(write.sink));
        return 'stored';
    }
  }

  #accept(write: BatchWrite, mayGrow: boolean): Outcome {
    const standing = this.#ledger.standing(write);
    if (standing !== 'new') return standing;
    if (!mayGrow || this.#bytes + write.bytes.length > this.#options.bounds.bytesMax) return 'full';
    this.#bytes += this.#entries.add(write, this.#ledger.accept(write));
    return 'stored';
  }

  #hear(write: StatementWrite): Outcome {
    const epochId = this.#ledger.hear(write);
    if (epochId === undefined) return 'conflict';
    this.#side.owe(epochId, this.#entries.sinks);
    return 'stored';
  }

  #lose(position: number): void {
    const row = this.#entries.find(position);
    if (!row) return;
    this.#ledger.unaccept(row.epoch, row.seq);
    this.#bytes -= this.#entries.remove(row);
  }

  /** Whether these bytes fit into pages that the file has free, or leave the file system the room that is not ours. */
  #mayGrow(writes: readonly Write[]): boolean {
    const wanted = writes.reduce((sum, write) => sum + bytesOfWrite(write), 0);
    if (wanted === 0) return true;
    const { bavail, bsize } = statfsSync(this.#options.path);
    if (bavail * bsize - wanted >= this.#options.bounds.freeBytesMin) return true;
    const pragma = (name: string): number => this.#db.pragma(name, { simple: true }) as number;
    return pragma('freelist_count') * pragma('page_size') > FREE_PAGES_FACTOR * wanted;
  }

  #storedEpoch(row: EpochRow): StoredEpoch {
    const heard = this.#ledger.heard(row.id);
    const stated = this.#ledger.stated(row.id);
    return {
      unit: row.unit,
      epoch: row.epoch,
      vehicles: JSON.parse(row.vehicles) as string[],
      accepted: this.#ledger.ranges(row.id),
      firstMs: row.first_ms,
      lastMs: row.last_ms,
      ...(heard && { heard }),
      ...(stated && { stated }),
    };
  }

  #sink(name: string): { id: number; name: string } {
    const sink = this.#entries.sinks.find((candidate) => candidate.name === name);
    if (!sink) throw new Error(`no sink '${name}' is configured for this spool`);
    return sink;
  }
}
