import { createCandumpReader } from '@iot/canlog';
import { FRAME_BYTES_MAX, FrameBlock } from '@iot/wire';
import { readLog } from '../collect/log-reader.ts';
import type { BusHealth, CanBus, Clock } from '../ports.ts';

const BLOCK_FRAMES = 256;
/** Frames within this much of each other are delivered together: a wake-up per frame costs more than the frame. */
const WAKE_US = 2_000;

export interface ReplayBusOptions {
  readonly name: string;
  readonly file: string;
  /** Only this interface of the log. */
  readonly interface: string | undefined;
  /** Times its own pace; `max` as fast as the receiver takes it. */
  readonly speed: number | 'max';
  readonly stamp: 'log' | 'now';
  readonly loop: boolean;
  readonly clock: Clock;
  /** Shared by the replays of one start, so that the buses of a log stay in step. Filled by the first. */
  readonly origin: { logUs?: number; bootUs?: number };
  /** Awaited between blocks: the receiver's way to slow a replay down. */
  readonly pace: () => Promise<void>;
  readonly onDamage: (message: string) => void;
}

/** A recording as a bus: frames come at the recording's own pace, faster, or flat out. */
export class ReplayBus implements CanBus {
  readonly name: string;
  readonly timeBase: 'boot' | 'log';
  readonly ended: Promise<void>;
  readonly #options: ReplayBusOptions;
  readonly #block = new FrameBlock(BLOCK_FRAMES);
  #end: () => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #closed = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #received = 0;
  #detail: string | undefined = 'not opened yet';
  /** Added to the log's times: what the rounds of a loop took. */
  #shiftUs = 0;
  #lastUs = 0;

  constructor(options: ReplayBusOptions) {
    this.name = options.name;
    this.#options = options;
    this.timeBase = options.stamp === 'log' ? 'log' : 'boot';
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    // Whoever waits for the end hears of a failure; nobody has to.
    this.ended.catch(() => {});
  }

  async open(onFrames: (block: FrameBlock) => void): Promise<void> {
    this.#detail = undefined;
    this.#running = this.#replay(onFrames).then(
      () => {
        this.#detail = 'the recording is at its end';
        this.#end();
      },
      (error: Error) => {
        this.#detail = error.message;
        this.#fail(error);
      },
    );
  }

  health(): BusHealth {
    const state = this.#detail === undefined ? 'up' : 'down';
    return { state, received: this.#received, transmitted: 0, overflowed: 0, detail: this.#detail };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#running;
  }

  async #replay(onFrames: (block: FrameBlock) => void): Promise<void> {
    do {
      await this.#replayOnce(onFrames);
      this.#shiftUs = this.#lastUs + WAKE_US - (this.#options.origin.logUs ?? 0);
    } while (this.#options.loop && !this.#closed);
  }

  /** The reader's frames are copied out and delivered between chunks, where this can wait. */
  async #replayOnce(onFrames: (block: FrameBlock) => void): Promise<void> {
    const { file, interface: wanted, onDamage } = this.#options;
    const queue: FrameBlock[] = [];
    const spare: FrameBlock[] = [];
    const reader = createCandumpReader({
      blockFrames: BLOCK_FRAMES,
      onFrames: (block) => queue.push(copyInto(spare.pop() ?? new FrameBlock(BLOCK_FRAMES), block)),
      onDamage: (error) => onDamage(`${file}:${error.at}: ${error.message}`),
      ...(wanted !== undefined && { buses: [wanted] }),
    });
    const drain = async (): Promise<void> => {
      for (const block of queue.splice(0)) {
        await this.#deliver(block, onFrames);
        spare.push(block);
      }
    };
    await readLog(file, async (bytes) => {
      if (this.#closed) return;
      reader.receive(bytes);
      await drain();
    });
    reader.finish();
    await drain();
  }

  async #deliver(block: FrameBlock, onFrames: (block: FrameBlock) => void): Promise<void> {
    const { speed, origin, clock } = this.#options;
    origin.logUs ??= block.timeUs[0];
    origin.bootUs ??= clock.bootUs();
    for (let from = 0; from < block.count && !this.#closed; ) {
      const to = speed === 'max' ? block.count : this.#dueTo(block, from);
      if (speed !== 'max') await this.#until(this.#dueUs(block.timeUs[from], speed));
      if (this.#closed) return;
      this.#hand(block, from, to, onFrames);
      from = to;
      await this.#options.pace();
    }
  }

  /** End of the run of frames that are delivered with the one at `from`. */
  #dueTo(block: FrameBlock, from: number): number {
    let to = from + 1;
    while (to < block.count && block.timeUs[to] - block.timeUs[from] < WAKE_US) to++;
    return to;
  }

  #dueUs(logUs: number, speed: number): number {
    const { origin } = this.#options;
    return origin.bootUs! + (logUs + this.#shiftUs - origin.logUs!) / speed;
  }

  #hand(block: FrameBlock, from: number, to: number, onFrames: (block: FrameBlock) => void): void {
    const out = this.#block;
    out.clear();
    const nowUs = this.#options.clock.bootUs();
    for (let i = from; i < to; i++) {
      this.#lastUs = block.timeUs[i] + this.#shiftUs;
      const timeUs = this.#options.stamp === 'log' ? this.#lastUs : nowUs;
      out.push(timeUs, block.id[i], block.flags[i], block.data, i * FRAME_BYTES_MAX, block.length[i]);
    }
    this.#received += out.count;
    onFrames(out);
  }

  #until(dueUs: number): Promise<void> {
    const delayMs = (dueUs - this.#options.clock.bootUs()) / 1000;
    if (delayMs < 1) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Blocks are used again: new ones at the rate of a flat-out replay would leave the collector of garbage behind. */
function copyInto(copy: FrameBlock, block: FrameBlock): FrameBlock {
  const { count } = block;
  copy.timeUs.set(block.timeUs.subarray(0, count));
  copy.id.set(block.id.subarray(0, count));
  copy.flags.set(block.flags.subarray(0, count));
  copy.length.set(block.length.subarray(0, count));
  copy.data.set(block.data.subarray(0, count * FRAME_BYTES_MAX));
  copy.count = count;
  return copy;
}
