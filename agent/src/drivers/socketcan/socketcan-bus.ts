import { BackOff } from '@iot/host';
import { FLAG_FD, FrameBlock, ID_ERROR, ID_EXTENDED, ID_REMOTE } from '@iot/wire';
import type { BusHealth, CanBus, Clock } from '../../ports.ts';
import { loadSocketCan, type SocketCanChannel, type SocketCanMessage, type SocketCanModule } from './binding.ts';
import { readErrorFrame } from './error-frame.ts';
import { explainBinding, explainInterface, type InterfaceState, readInterface } from './interface.ts';

const BLOCK_FRAMES = 256;
const CLASSIC_BYTES_MAX = 8;
/** How often the interface is looked at: the binding does not say when it goes down or up. */
const WATCH_MS = 1000;
/** A frame that seems older than this was stamped by a wall clock that was stepped meanwhile. */
const AGE_US_MAX = 2_000_000;

export interface SocketCanBusOptions {
  readonly name: string;
  /** Network interface, `can0`. */
  readonly interface: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** The binding; by default the optional package, loaded when the bus is opened. */
  readonly load?: () => Promise<SocketCanModule>;
  /** What the kernel says of the interface. */
  readonly probe?: (interfaceName: string) => InterfaceState;
}

/**
 * A CAN interface of the Linux kernel, listened to. An interface that is down, or appears late, is opened again by itself.
 * Error frames are not delivered: they become the bus's state, and its count of overflows.
 */
export class SocketCanBus implements CanBus {
  readonly name: string;
  readonly timeBase = 'boot' as const;
  /** Never resolves: a live bus does not end. */
  readonly ended = new Promise<void>(() => {});
  readonly #options: SocketCanBusOptions;
  readonly #backOff: BackOff;
  readonly #block = new FrameBlock(BLOCK_FRAMES);
  #onFrames: (block: FrameBlock) => void = () => {};
  #channel: SocketCanChannel | undefined;
  #starting: Promise<void> | undefined;
  #flushing = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  #received = 0;
  #overflowed = 0;
  #lastUs = 0;
  #state: BusHealth['state'] = 'down';
  #detail: string | undefined = 'not opened yet';

  constructor(options: SocketCanBusOptions) {
    this.name = options.name;
    this.#options = options;
    this.#backOff = new BackOff({ firstMs: 250, maxMs: 10_000, random: options.random });
  }

  async open(onFrames: (block: FrameBlock) => void): Promise<void> {
    this.#onFrames = onFrames;
    this.#starting = this.#start();
    await this.#starting;
  }

  health(): BusHealth {
    const { interface: device } = this.#options;
    const troubles: Partial<Record<BusHealth['state'], string>> = {
      'error-passive': `${device} sees many errors: check bitrate, wiring and termination`,
      'bus-off': `${device} is off the bus after errors: \`ip link set ${device} type can restart\`, or set restart-ms`,
    };
    return {
      state: this.#state,
      received: this.#received,
      transmitted: 0,
      overflowed: this.#overflowed,
      detail: this.#detail ?? troubles[this.#state],
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#starting;
    const channel = this.#channel;
    this.#flush();
    this.#down('closed');
    channel?.stop();
  }

  async #start(): Promise<void> {
    const { interface: device, load = loadSocketCan, probe = readInterface } = this.#options;
    try {
      const { createRawChannel } = await load();
      if (this.#closed) return;
      const state = probe(device);
      if (state !== 'up') return this.#down(explainInterface(device, state)!);
      const channel = createRawChannel(device, true);
      channel.addListener('onMessage', (message) => this.#take(message));
      channel.addListener('onStopped', () => {
        if (this.#channel === channel) this.#down(`${device} was taken away; trying again`);
      });
      channel.start();
      this.#channel = channel;
      this.#state = 'up';
      this.#detail = undefined;
      this.#backOff.reset();
      this.#watch();
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      const isBinding = code !== undefined || /\.node\b/.test(message);
      this.#down(isBinding ? explainBinding(error as Error) : `${device}: ${message}; trying again`);
    }
  }

  #down(detail: string): void {
    this.#channel = undefined;
    this.#state = 'down';
    this.#detail = detail;
    this.#cancelTimer?.();
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.setTimer(this.#backOff.nextMs(), () => {
      this.#starting = this.#start();
    });
  }

  /** A socket outlives its interface's going down and up again: only the state follows. */
  #watch(): void {
    this.#cancelTimer = this.#options.clock.setTimer(WATCH_MS, () => {
      const { interface: device, probe = readInterface } = this.#options;
      const state = probe(device);
      this.#detail = explainInterface(device, state);
      if (state !== 'up') this.#state = 'down';
      else if (this.#state === 'down') this.#state = 'up';
      this.#watch();
    });
  }

  /** The binding calls once a frame; frames of one turn of the event loop go on together. */
  #take(message: SocketCanMessage): void {
    if (this.#closed) return;
    const { id, ext, rtr, err, data } = message;
    if (err) return this.#takeError(id & ~ID_ERROR, data);
    const flagged = (id | (ext ? ID_EXTENDED : 0) | (rtr ? ID_REMOTE : 0)) >>> 0;
    this.#block.push(this.#timeOf(message), flagged, data.length > CLASSIC_BYTES_MAX ? FLAG_FD : 0, data);
    this.#received++;
    if (this.#block.full) this.#flush();
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #takeError(errorClass: number, data: Uint8Array): void {
    const { state, overflow } = readErrorFrame(errorClass, data);
    if (state) this.#state = state;
    if (overflow) this.#overflowed++;
  }

  /** The kernel stamps with the wall clock, and the bus is on the boot-time clock: what passes between is the frame's age. */
  #timeOf({ ts_sec: seconds, ts_usec: micros }: SocketCanMessage): number {
    const { clock } = this.#options;
    const nowUs = clock.bootUs();
    if (seconds === undefined || micros === undefined) return nowUs;
    const ageUs = clock.wallUs() - (seconds * 1e6 + micros);
    const timeUs = ageUs > 0 && ageUs < AGE_US_MAX ? nowUs - ageUs : nowUs;
    this.#lastUs = Math.max(this.#lastUs, timeUs);
    return this.#lastUs;
  }

  #flush(): void {
    if (this.#block.count > 0) this.#onFrames(this.#block);
    this.#block.clear();
  }
}
