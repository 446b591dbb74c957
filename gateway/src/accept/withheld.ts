import { BackOff, type Logger } from '@iot/host';
import type { Clock, Sink, SpoolEntry } from '../ports.ts';
import type { DataPlaneMetrics } from '../spool/metrics.ts';

export interface WithheldOptions {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: DataPlaneMetrics;
  readonly log: Logger;
  /** How long an acknowledgement is withheld while the sink is away, ms: then the unit is told `later`. */
  readonly withholdMsMax: number;
  /** Bytes that may wait: beyond it `later` at once. */
  readonly bytesMax: number;
  /** Largest group given to the sink at once. */
  readonly groupBytesMax: number;
}

interface Waiting {
  readonly entry: SpoolEntry;
  readonly sinceMs: number;
  readonly resolve: (confirmed: boolean) => void;
}

const BACK_OFF = { firstMs: 200, maxMs: 5_000 };

/**
 * `ack: kafka`: batches wait here, in memory, until the sink holds them; only then are they accepted. Whatever is lost
 * here was never acknowledged. A group that failed is tried again whole: the sink may hold some of it already, and
 * consumers take an identity once.
 */
export class Withheld {
  readonly #options: WithheldOptions;
  readonly #backOff: BackOff;
  #queue: Waiting[] = [];
  #bytes = 0;
  #running = false;
  #stopped = false;
  #cancelPause: (() => void) | undefined;

  constructor(options: WithheldOptions) {
    this.#options = options;
    this.#backOff = new BackOff({ ...BACK_OFF, random: options.random });
  }

  /** True once the sink holds the batch; false where it did not within the bound, or there is no room to wait. */
  confirmed(entry: SpoolEntry): Promise<boolean> {
    if (this.#stopped || this.#bytes + entry.bytes.length > this.#options.bytesMax) return Promise.resolve(false);
    this.#grow(entry.bytes.length);
    const done = new Promise<boolean>((resolve) => {
      this.#queue.push({ entry, sinceMs: this.#options.clock.nowMs(), resolve });
    });
    if (!this.#running) void this.#run();
    return done;
  }

  /** Takes nothing more; what waits is answered false, but for the group that the sink is being given now. */
  stop(): void {
    this.#stopped = true;
    this.#settle(this.#queue.splice(0), false);
    this.#cancelPause?.();
  }

  async #run(): Promise<void> {
    this.#running = true;
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#deliverNext();
    this.#running = false;
  }

  async #deliverNext(): Promise<void> {
    const { sink, metrics, log } = this.#options;
    const group = this.#takeGroup();
    try {
      await sink.deliver(group.map(({ entry }) => entry));
      this.#backOff.reset();
      this.#settle(group, true);
    } catch (error) {
      metrics.deliveryFailed(sink.name);
      log.warn({ sink: sink.name, error: (error as Error).message }, 'acknowledgements are withheld: the sink is away');
      this.#queue.unshift(...group);
      this.#giveUpOldest();
      if (this.#queue.length > 0) await this.#pause(this.#backOff.nextMs());
    }
  }

  #giveUpOldest(): void {
    const { clock, withholdMsMax } = this.#options;
    const untilMs = clock.nowMs() - withholdMsMax;
    const [expired, left] = [
      this.#queue.filter(({ sinceMs }) => this.#stopped || sinceMs <= untilMs),
      this.#queue.filter(({ sinceMs }) => !this.#stopped && sinceMs > untilMs),
    ];
    this.#queue = left;
    this.#settle(expired, false);
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.setTimer(delayMs, resolve);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
    this.#cancelPause = undefined;
    this.#giveUpOldest();
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    const over = this.#queue.findIndex(({ entry }, i) => {
      bytes += entry.bytes.length;
      return i > 0 && bytes > this.#options.groupBytesMax;
    });
    return this.#queue.splice(0, over === -1 ? this.#queue.length : over);
  }

  #settle(group: readonly Waiting[], confirmed: boolean): void {
    for (const { entry, resolve } of group) {
      this.#grow(-entry.bytes.length);
      resolve(confirmed);
    }
  }

  #grow(bytes: number): void {
    this.#bytes += bytes;
    this.#options.metrics.withheldBytes(this.#bytes);
  }
}
