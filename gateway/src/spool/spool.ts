import { decodeStatement, hexOf, readHead } from '@iot/batch';
import type { Logger } from '@iot/host';
import { handOver, moduleBeside, startWorker, type WorkerHandle } from '@iot/host/worker';
import { isDecodeError } from '@iot/wire';
import { addAccount, type HeardStatement, type Stated } from '../ledger/account.ts';
import { type EpochView, viewOf } from '../ledger/view.ts';
import type { Clock, SpoolEntry } from '../ports.ts';
import type {
  DeadLetter,
  HeardBytes,
  OwedStatement,
  SpoolBounds,
  SpoolStatus,
  StoredEntry,
  StoredEpoch,
} from './api.ts';
import { GroupCommit } from './group-commit.ts';
import type { DataPlaneMetrics } from './metrics.ts';
import { packWrites, unpack } from './packing.ts';
import type { SpoolWorkerApi } from './worker.ts';
import type { BatchWrite, Outcome, Standing, Write } from './writes.ts';

export interface SpoolOptions {
  /** The SQLite file; made where it is not there. */
  readonly path: string;
  /** Names of the sinks that every accepted batch is owed to. */
  readonly sinks: readonly string[];
  readonly bounds: SpoolBounds;
  readonly commitBytesMax?: number;
  readonly queueBytesMax?: number;
  readonly clock: Clock;
  readonly metrics: DataPlaneMetrics;
  readonly log: Logger;
}

const COMMIT_BYTES_MAX = 1024 ** 2;
const QUEUE_BYTES_MAX = 32 * 1024 ** 2;

/** The gateway's durable queue and its ledger, seen from the main thread: SQLite runs in a worker, writes are group-committed. */
export class Spool {
  /** Id of the data directory: random, made with the file. Another one means that what this gateway knew is gone. */
  readonly gateway: string;
  /** Resolves where the worker ended by itself: nothing is accepted from then on. */
  readonly failed: Promise<Error>;
  readonly #worker: WorkerHandle<SpoolWorkerApi>;
  readonly #group: GroupCommit;
  readonly #options: SpoolOptions;
  readonly #listeners = new Set<() => void>();

  private constructor(options: SpoolOptions, worker: WorkerHandle<SpoolWorkerApi>, gateway: string) {
    this.#options = options;
    this.#worker = worker;
    this.failed = worker.failed;
    this.gateway = gateway;
    this.#group = new GroupCommit({
      commit: (writes) => this.#commit(writes),
      commitBytesMax: options.commitBytesMax ?? COMMIT_BYTES_MAX,
      queueBytesMax: options.queueBytesMax ?? QUEUE_BYTES_MAX,
      clock: options.clock,
      metrics: options.metrics,
    });
  }

  /** Opens the file, salvaging a damaged one. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { path, sinks, bounds } = options;
    const worker = startWorker<SpoolWorkerApi>(moduleBeside(import.meta.url, 'worker'), { path, sinks, bounds });
    const { gateway } = await worker.call('opened');
    const spool = new Spool(options, worker, gateway);
    await spool.#tellDamage();
    return spool;
  }

  /** Durable when it resolves to `stored`. Rejects where the commit failed as a whole: nothing of it was written. */
  write(write: Write): Promise<Outcome> {
    return this.#group.write(write);
  }

  /** Calls `listener` after every commit that sinks may be owed something of. Returns what ends it. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the ledger says of an identity, before anything is written. */
  async standing(batch: Pick<BatchWrite, 'unit' | 'epoch' | 'seq' | 'digest'>): Promise<Standing> {
    const { unit, epoch, seq, digest } = batch;
    return (await this.#worker.call('standings', [{ unit, epoch, seq, digest }]))[0];
  }

  /**
   * What a sink should take next: alerts, then live with the newest first, then backlog. What cannot be read any more leaves
   * spool and ledger on the way, so that a damaged entry holds up no other.
   */
  async next(sink: string, bytesMax: number, countMax: number): Promise<readonly SpoolEntry[]> {
    const stored = unpack<StoredEntry>(await this.#worker.call('next', sink, bytesMax, countMax));
    const unreadable: number[] = [];
    const entries = stored.flatMap((entry): SpoolEntry[] => {
      try {
        return [{ ...entry, head: readHead(entry.bytes) }];
      } catch (error) {
        if (!isDecodeError(error)) throw error;
        unreadable.push(entry.position);
        return [];
      }
    });
    if (unreadable.length === 0) return entries;
    this.#options.log.error({ positions: unreadable }, 'spool entries do not read and were let go: resend their seqs');
    this.#options.metrics.lost(unreadable.length);
    await this.write({ kind: 'lost', positions: unreadable });
    return entries.length > 0 ? entries : this.next(sink, bytesMax, countMax);
  }

  async owedStatements(sink: string, limit: number): Promise<readonly OwedStatement[]> {
    return this.#worker.call('owedStatements', sink, limit);
  }

  async schema(hash: string): Promise<Uint8Array | undefined> {
    return this.#worker.call('schema', hash);
  }

  /** What this gateway can answer for a unit: an epoch each, that heard of last first. Empty for an unknown unit. */
  async ledger(unit: string): Promise<readonly EpochView[]> {
    const stored = await this.#worker.call('epochs', unit);
    return stored.map((epoch) => viewOf({ ...epoch, epoch: hexOf(epoch.epoch) }, statedOfStored(epoch)));
  }

  /** Every unit of the ledger, by name, with the gateway's time when it was last heard of. */
  async units(): Promise<readonly { readonly unit: string; readonly lastMs: number }[]> {
    return this.#worker.call('units');
  }

  /** Newest first. */
  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    return this.#worker.call('deadLetters', limit);
  }

  async status(): Promise<SpoolStatus> {
    return this.#worker.call('status');
  }

  /** Lets what waits become durable, then closes the file. */
  async close(): Promise<void> {
    await this.#group.idle();
    await this.#worker.call('closeStore');
    await this.#worker.close();
  }

  async #commit(writes: readonly Write[]): Promise<readonly Outcome[]> {
    const packed = packWrites(writes);
    try {
      const outcomes = await this.#worker.call('commit', handOver(packed, [packed.bytes.buffer as ArrayBuffer]));
      if (writes.some(({ kind }) => kind === 'batch' || kind === 'statement'))
        for (const listener of this.#listeners) listener();
      return outcomes;
    } catch (error) {
      if ((error as { code?: string }).code === 'spool/damaged') await this.#tellDamage();
      throw error;
    }
  }

  async #tellDamage(): Promise<void> {
    for (const report of await this.#worker.call('takeReports'))
      this.#options.log.error(report, 'the spool was damaged: it was set aside, and what reads of it goes on');
  }
}

/** What all statements add up to, with the newest; from the newest alone where the sum was lost with a damaged file. */
function statedOfStored({ heard, stated }: StoredEpoch): Stated | undefined {
  const own = heard && readHeard(heard);
  const account = stated?.account ?? (own && addAccount(undefined, own.statement));
  if (!account) return undefined;
  return { ...account, ...(own && { own }), ...(stated?.closedBy && { closedBy: hexOf(stated.closedBy) }) };
}

/** A statement that was salvaged and does not read counts as not heard: the next one comes within a minute. */
function readHeard({ bytes, heardMs }: HeardBytes): HeardStatement | undefined {
  try {
    return { statement: decodeStatement(bytes), heardMs };
  } catch (error) {
    if (!isDecodeError(error)) throw error;
    return undefined;
  }
}
