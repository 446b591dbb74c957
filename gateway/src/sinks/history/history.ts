import type { Logger } from '@iot/host';
import { isDamage } from '@iot/host/sqlite';
import { moduleBeside, startWorker, type WorkerHandle } from '@iot/host/worker';
import type { Clock, Sink, SpoolEntry } from '../../ports.ts';
import type { HistoryOptions, HistoryQueries, HistorySize } from './api.ts';
import type { HistoryWorkerApi } from './worker.ts';

/** Batches that an export reads at once. */
const EXPORT_BATCHES = 64;

export interface HistorySinkOptions extends HistoryOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** The embedded history: a sink that keeps batches in SQLite, and answers the console from them. SQLite runs in a worker. */
export class HistorySink implements Sink, HistoryQueries {
  readonly name = 'history';
  /** Resolves where the worker ended by itself: nothing is kept or answered from then on. */
  readonly failed: Promise<Error>;
  readonly #worker: WorkerHandle<HistoryWorkerApi>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #down: string | undefined;

  private constructor(worker: WorkerHandle<HistoryWorkerApi>, clock: Clock, log: Logger) {
    this.#worker = worker;
    this.failed = worker.failed;
    this.#clock = clock;
    this.#log = log;
  }

  /** Opens the file, or makes it. A damaged one is set aside. @throws what is not damage: no permission, disk full. */
  static async open({ path, retainMs, bytesMax, clock, log }: HistorySinkOptions): Promise<HistorySink> {
    const options: HistoryOptions = { path, retainMs, bytesMax };
    const worker = startWorker<HistoryWorkerApi>(moduleBeside(import.meta.url, 'worker'), options);
    const sink = new HistorySink(worker, clock, log);
    await sink.#tellDamage();
    return sink;
  }

  async deliver(entries: readonly SpoolEntry[]): Promise<void> {
    // Cloning a view would clone the whole buffer it looks into.
    const copies = entries.map(({ bytes, acceptedMs }) => ({ bytes: new Uint8Array(bytes), acceptedMs }));
    try {
      const { unreadable } = await this.#worker.call('store', copies, this.#clock.nowMs());
      if (unreadable > 0) this.#log.error({ unreadable }, 'batches do not decode: the history keeps them as they are');
      // In steps, so that queries get their turn in between.
      while (await this.#worker.call('retime'));
      this.#down = undefined;
    } catch (error) {
      if (isDamage(error)) await this.#tellDamage();
      this.#down = `the history takes no batches: ${(error as Error).message}`;
      throw new Error(this.#down, { cause: error });
    }
  }

  /** Statements are the ledger's: the history keeps readings. */
  async deliverStatement(): Promise<void> {}

  health() {
    return this.#down === undefined ? ({ state: 'up' } as const) : ({ state: 'down', detail: this.#down } as const);
  }

  async close(): Promise<void> {
    await this.#worker.call('closeFile');
    await this.#worker.close();
  }

  vehicles: HistoryQueries['vehicles'] = () => this.#worker.call('vehicles');
  signals: HistoryQueries['signals'] = (...args) => this.#worker.call('signals', ...args);
  series: HistoryQueries['series'] = (...args) => this.#worker.call('series', ...args);
  track: HistoryQueries['track'] = (...args) => this.#worker.call('track', ...args);
  events: HistoryQueries['events'] = (...args) => this.#worker.call('events', ...args);

  size(): Promise<HistorySize> {
    return this.#worker.call('size');
  }

  /** Gives every stored batch, self-contained, in the order of epoch and seq. Each call is awaited before the next. */
  async export(onBatch: (bytes: Uint8Array) => void | Promise<void>): Promise<void> {
    let last: { epoch: Uint8Array; seq: number } = { epoch: new Uint8Array(), seq: 0 };
    for (;;) {
      const batches = await this.#worker.call('batchesAfter', last.epoch, last.seq, EXPORT_BATCHES);
      for (const { bytes } of batches) await onBatch(bytes);
      if (batches.length < EXPORT_BATCHES) return;
      last = batches.at(-1)!;
    }
  }

  async #tellDamage(): Promise<void> {
    for (const detail of await this.#worker.call('takeDamage'))
      this.#log.error({ detail }, 'the history was damaged: a new one was begun');
  }
}
