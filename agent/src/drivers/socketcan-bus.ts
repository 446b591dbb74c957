import { FLAG_FD, FrameBlock, ID_ERROR, ID_EXTENDED, ID_REMOTE } from '@iot/wire';
import type { BusHealth, CanBus, Clock } from '../ports.ts';
import { BackOff } from '../uplink/back-off.ts';

/** A frame as the `socketcan` package delivers it. */
export interface SocketCanMessage {
  readonly id: number;
  readonly ext?: boolean;
  readonly rtr?: boolean;
  readonly err?: boolean;
  readonly data: Uint8Array;
}

/** What is used of the `socketcan` package. Nothing here sends: the bus is only listened to. */
export interface SocketCanChannel {
  addListener(event: 'onMessage', callback: (message: SocketCanMessage) => void): void;
  addListener(event: 'onStopped', callback: (reason: string) => void): void;
  start(): void;
  stop(): void;
}

export interface SocketCanModule {
  createRawChannel(interfaceName: string, timestamps: boolean): SocketCanChannel;
}

export interface SocketCanBusOptions {
  readonly name: string;
  readonly interface: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** The binding; by default the optional package, loaded when the bus is opened. */
  readonly load?: () => Promise<SocketCanModule>;
}

/** The package is optional, so its types may not be there: what is used of them is above. */
const loadPackage = async (): Promise<SocketCanModule> => {
  const name = 'socketcan';
  const loaded = (await import(name)) as SocketCanModule & { default?: SocketCanModule };
  return loaded.default ?? loaded;
};

/** A CAN interface of the Linux kernel, listened to. An interface that is down, or appears late, is opened again by itself. */
export class SocketCanBus implements CanBus {
  readonly name: string;
  readonly timeBase = 'boot' as const;
  readonly ended = new Promise<void>(() => {});
  readonly #options: SocketCanBusOptions;
  readonly #backOff: BackOff;
  readonly #block = new FrameBlock(256);
  #onFrames: (block: FrameBlock) => void = () => {};
  #channel: SocketCanChannel | undefined;
  #flushing = false;
  #closed = false;
  #cancelRetry: (() => void) | undefined;
  #received = 0;
  #detail: string | undefined = 'not opened yet';

  constructor(options: SocketCanBusOptions) {
    this.name = options.name;
    this.#options = options;
    this.#backOff = new BackOff(250, 10_000, options.random);
  }

  async open(onFrames: (block: FrameBlock) => void): Promise<void> {
    this.#onFrames = onFrames;
    await this.#start();
  }

  health(): BusHealth {
    const state = this.#channel ? 'up' : 'down';
    return { state, received: this.#received, transmitted: 0, overflowed: 0, detail: this.#detail };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#channel?.stop();
    this.#channel = undefined;
    this.#flush();
  }

  async #start(): Promise<void> {
    const { interface: device, load } = this.#options;
    try {
      const { createRawChannel } = await (load ?? loadPackage)();
      const channel = createRawChannel(device, false);
      channel.addListener('onMessage', (message) => this.#take(message));
      channel.addListener('onStopped', (reason) => this.#stopped(channel, reason));
      channel.start();
      this.#channel = channel;
      this.#detail = undefined;
      this.#backOff.reset();
    } catch (error) {
      this.#detail = explain(device, error as NodeJS.ErrnoException);
      this.#retry();
    }
  }

  #stopped(channel: SocketCanChannel, reason: string): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    this.#detail = `${this.#options.interface} stopped: ${reason}; trying again`;
    this.#retry();
  }

  #retry(): void {
    if (!this.#closed) this.#cancelRetry = this.#options.clock.setTimer(this.#backOff.next(), () => void this.#start());
  }

  /** The binding calls once a frame; frames of one turn of the event loop go on together. */
  #take({ id, ext, rtr, err, data }: SocketCanMessage): void {
    const flagged = id | (ext ? ID_EXTENDED : 0) | (rtr ? ID_REMOTE : 0) | (err ? ID_ERROR : 0);
    this.#block.push(this.#options.clock.bootUs(), flagged >>> 0, data.length > 8 ? FLAG_FD : 0, data);
    this.#received++;
    if (this.#block.full) this.#flush();
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#block.count > 0) this.#onFrames(this.#block);
    this.#block.clear();
  }
}

function explain(device: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND') {
    return 'the package socketcan is not installed: it is compiled at install and needs a C++ compiler and Python (Debian: apt-get install g++ make python3), then npm rebuild';
  }
  return `${device}: ${error.message}; is it there and up? ip link set ${device} up type can bitrate 500000 (trying again)`;
}
