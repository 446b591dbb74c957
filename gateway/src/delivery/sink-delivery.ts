import { decodeStatement } from '@iot/batch';
import { BackOff, type Logger } from '@iot/host';
import { isDecodeError } from '@iot/wire';
import type { Clock, Sink, SpoolEntry } from '../ports.ts';
import type { OwedStatement } from '../spool/api.ts';
import type { DataPlaneMetrics } from '../spool/metrics.ts';
import type { Outcome, Write } from '../spool/writes.ts';

/** What delivery needs of the spool. */
export interface DeliverySource {
  next(sink: string, bytesMax: number, countMax: number): Promise<readonly SpoolEntry[]>;
  owedStatements(sink: string, limit: number): Promise<readonly OwedStatement[]>;
  write(write: Write): Promise<Outcome>;
  onCommit(listener: () => void): () => void;
}

export interface SinkDeliveryOptions {
  readonly sink: Sink;
  readonly spool: DeliverySource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: DataPlaneMetrics;
  readonly log: Logger;
  /** Largest group of entries given to the sink at once. */
  readonly groupBytesMax?: number;
  readonly groupCountMax?: number;
}

const GROUP_BYTES_MAX = 1024 ** 2;
const GROUP_COUNT_MAX = 1024;
const STATEMENTS_MAX = 64;
const BACK_OFF = { firstMs: 500, maxMs: 30_000 };

/**
 * Drains the spool into one sink: a group at a time, and each is confirmed once the sink holds it. A failure is tried again
 * with back-off for as long as it takes; other sinks have a loop of their own.
 */
export class SinkDelivery {
  readonly #options: SinkDeliveryOptions;
  readonly #backOff: BackOff;
  readonly #stopListening: () => void;
  #running: Promise<void> | undefined;
  #stopped = false;
  #news = true;
  /** In a back-off, which news do not cut short. */
  #pausing = false;
  #wake: () => void = () => {};

  constructor(options: SinkDeliveryOptions) {
    this.#options = options;
    this.#backOff = new BackOff({ ...BACK_OFF, random: options.random });
    this.#stopListening = options.spool.onCommit(() => {
      this.#news = true;
      if (!this.#pausing) this.#wake();
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Lets the group that is being delivered end, then stops. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopListening();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#news = false;
      try {
        const delivered = (await this.#deliverStatements()) + (await this.#deliverEntries());
        this.#backOff.reset();
        if (delivered === 0 && !this.#news && !this.#stopped) await this.#sleep();
      } catch (error) {
        await this.#afterFailure(error as Error);
      }
    }
  }

  async #deliverEntries(): Promise<number> {
    const { sink, spool, metrics, groupBytesMax = GROUP_BYTES_MAX, groupCountMax = GROUP_COUNT_MAX } = this.#options;
    const entries = await spool.next(sink.name, groupBytesMax, groupCountMax);
    if (entries.length === 0) return 0;
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes.length, 0);
    metrics.deliveryBytes(sink.name, bytes);
    try {
      await sink.deliver(entries);
    } finally {
      metrics.deliveryBytes(sink.name, 0);
    }
    await this.#confirm({ kind: 'confirm', sink: sink.name, positions: entries.map(({ position }) => position) });
    metrics.delivered(sink.name, entries.length, bytes);
    return entries.length;
  }

  /** The newest of each epoch: a sink that was away gets the state of things, not their history. */
  async #deliverStatements(): Promise<number> {
    const { sink, spool } = this.#options;
    const owed = await spool.owedStatements(sink.name, STATEMENTS_MAX);
    for (const { unit, epochId, version, bytes } of owed) {
      const statement = statementOf(bytes);
      if (statement) await sink.deliverStatement(unit, statement, bytes);
      await this.#confirm({ kind: 'told', sink: sink.name, epochId, version });
    }
    return owed.length;
  }

  async #confirm(write: Write): Promise<void> {
    if ((await this.#options.spool.write(write)) !== 'stored')
      throw new Error('the disk is too full to record what was delivered');
  }

  async #afterFailure(error: Error): Promise<void> {
    const { sink, metrics, log, clock } = this.#options;
    if (this.#stopped) return;
    const delayMs = this.#backOff.nextMs();
    metrics.deliveryFailed(sink.name);
    log.warn({ sink: sink.name, retryMs: Math.round(delayMs), error: error.message }, 'a delivery failed');
    this.#pausing = true;
    await this.#sleep((wake) => clock.setTimer(delayMs, wake));
    this.#pausing = false;
  }

  /** Until there is news, a stop, or what `arm` set. */
  async #sleep(arm?: (wake: () => void) => () => void): Promise<void> {
    let disarm: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      disarm = arm?.(resolve);
    });
    disarm?.();
    this.#wake = () => {};
  }
}

/** Statements were checked before they were stored; one that no longer reads was damaged, and the next one replaces it. */
function statementOf(bytes: Uint8Array) {
  try {
    return decodeStatement(bytes);
  } catch (error) {
    if (!isDecodeError(error)) throw error;
    return undefined;
  }
}
