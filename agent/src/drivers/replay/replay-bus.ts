import type { FrameBlock } from '@iot/wire';
import type { BusHealth, CanBus } from '../../ports.ts';

export interface ReplayBusOptions {
  readonly name: string;
  /** Only this interface of the log; undefined: all. */
  readonly interface: string | undefined;
  readonly timeBase: 'boot' | 'log';
  readonly onOpened: () => void;
  /** Resolves once no frame can come any more. */
  readonly onClosed: () => Promise<void>;
}

/** One bus of a recording: see Replay, which plays it. */
export class ReplayBus implements CanBus {
  readonly name: string;
  readonly interface: string | undefined;
  readonly timeBase: 'boot' | 'log';
  readonly ended: Promise<void>;
  readonly #options: ReplayBusOptions;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #onFrames: ((block: FrameBlock) => void) | undefined;
  #received = 0;
  #closed = false;
  #detail: string | undefined = 'not opened yet';

  constructor(options: ReplayBusOptions) {
    this.name = options.name;
    this.interface = options.interface;
    this.timeBase = options.timeBase;
    this.#options = options;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever waits for the end hears of a failure; nobody has to.
    this.ended.catch(() => {});
  }

  get isOpen(): boolean {
    return this.#onFrames !== undefined;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  async open(onFrames: (block: FrameBlock) => void): Promise<void> {
    this.#onFrames = onFrames;
    this.#detail = undefined;
    this.#options.onOpened();
  }

  deliver(block: FrameBlock): void {
    if (this.#closed) return;
    this.#received += block.count;
    this.#onFrames?.(block);
  }

  /** The recording is over, or cannot be read on. */
  end(detail: string, error?: Error): void {
    this.#detail = detail;
    if (error) this.#settle?.reject(error);
    else this.#settle?.resolve();
  }

  health(): BusHealth {
    const state = this.#detail === undefined ? 'up' : 'down';
    return { state, received: this.#received, transmitted: 0, overflowed: 0, detail: this.#detail };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#detail ??= 'closed';
    await this.#options.onClosed();
  }
}
