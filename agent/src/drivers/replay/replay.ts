import { createCandumpReader } from '@iot/canlog';
import { FRAME_BYTES_MAX, FrameBlock } from '@iot/wire';
import { readLog } from '../../collect/log-reader.ts';
import type { CanBus, Clock } from '../../ports.ts';
import { DriverError } from '../error.ts';
import { ReplayBus } from './replay-bus.ts';
import { ReplayTime } from './replay-time.ts';

const BLOCK_FRAMES = 256;
/** Frames within this much real time of each other are delivered together: a wake-up per frame costs more than the frame. */
const WAKE_US = 2_000;

/** Text of frames that are held until they are due: where buses take turns line by line, each frame takes a block of its own. */
const HELD_BYTES = 4096;

export interface ReplayOptions {
  /** candump text, plain or gzipped. */
  readonly file: string;
  /** Times its own pace; `max` as fast as the receiver takes it. */
  readonly speed: number | 'max';
  /**
   * `log`: frames keep the recording's times. `now`: they get the boot time at which they were due, so that their distances
   * stay those of the recording; at speed `max`, the boot time of their delivery.
   */
  readonly stamp: 'log' | 'now';
  /** Begins again at the end, with times that go on. */
  readonly loop: boolean;
  readonly clock: Clock;
  /** Awaited between chunks of the file: the receiver's way to slow a replay down. */
  readonly pace: () => Promise<void>;
  readonly onDamage: (message: string) => void;
}

interface Held {
  readonly block: FrameBlock;
  readonly bus: string;
}

/** Thrown through the reader of the file where all buses were closed. */
const STOPPED = new Error('stopped');

/**
 * Plays a recording on one or more buses: one reader for all of them, so they stay in step. It starts when all its buses are
 * open, and ends for all of them together.
 */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #time: ReplayTime;
  readonly #buses: ReplayBus[] = [];
  readonly #spare: FrameBlock[] = [];
  #running: Promise<void> | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#time = new ReplayTime(options.speed, options.clock);
  }

  /** A bus of the recording, to be made before any is opened: the frames of one interface of the log, or of all. */
  bus(name: string, interfaceName?: string): CanBus {
    const bus = new ReplayBus({
      name,
      interface: interfaceName,
      timeBase: this.#options.stamp === 'log' ? 'log' : 'boot',
      onOpened: () => this.#startWhenAllAreOpen(),
      onClosed: () => this.#stopWhenAllAreClosed(),
    });
    this.#buses.push(bus);
    return bus;
  }

  #startWhenAllAreOpen(): void {
    if (this.#running || !this.#buses.every((bus) => bus.isOpen)) return;
    this.#running = this.#run().then(
      () => this.#end('the recording is at its end'),
      (error: Error) => (error === STOPPED ? this.#end('closed') : this.#end(error.message, error)),
    );
  }

  async #stopWhenAllAreClosed(): Promise<void> {
    if (this.#buses.every((bus) => bus.isClosed)) {
      this.#stopped = true;
      this.#wake?.();
    }
    if (this.#stopped) await this.#running;
  }

  #end(detail: string, error?: Error): void {
    for (const bus of this.#buses) bus.end(detail, error);
  }

  async #run(): Promise<void> {
    do {
      const framesBefore = this.#time.frames;
      await this.#playOnce();
      if (this.#time.frames === framesBefore) throw this.#emptyError();
      this.#time.endLap();
    } while (this.#options.loop);
  }

  #emptyError(): DriverError {
    const { file } = this.#options;
    const wanted = this.#wanted();
    if (!wanted) return new DriverError(`${file}: there is no frame in it: is it candump text?`);
    return new DriverError(`${file}: there is no frame of ${wanted.join(' or ')} in it: check the bus's \`interface\``);
  }

  /** The interfaces of the log that have a bus; undefined where one takes all. */
  #wanted(): string[] | undefined {
    const names = this.#buses.map((bus) => bus.interface);
    return names.includes(undefined) ? undefined : names.filter((name) => name !== undefined);
  }

  async #playOnce(): Promise<void> {
    const { file, speed, pace, onDamage } = this.#options;
    const held: Held[] = [];
    const reader = createCandumpReader({
      blockFrames: BLOCK_FRAMES,
      onFrames: (block, bus) => {
        if (speed === 'max') this.#deliverNow(block, bus);
        else held.push({ block: copyInto(this.#spare.pop() ?? new FrameBlock(BLOCK_FRAMES), block), bus });
      },
      onDamage: (error) => onDamage(`${file}: ${error.message}`),
      buses: this.#wanted(),
    });
    const settle = async (): Promise<void> => {
      for (const { block, bus } of held.splice(0)) {
        await this.#deliverInTime(block, bus);
        this.#spare.push(block);
      }
      await pace();
      // A flat-out replay would otherwise keep everything else from running.
      if (speed === 'max') await new Promise(setImmediate);
      if (this.#stopped) throw STOPPED;
    };
    const piece = speed === 'max' ? Number.POSITIVE_INFINITY : HELD_BYTES;
    await readLog(file, async (bytes) => {
      for (let at = 0; at < bytes.length; at += piece) {
        reader.receive(bytes.subarray(at, at + piece));
        await settle();
      }
    });
    reader.finish();
    await settle();
  }

  #deliverNow(block: FrameBlock, bus: string): void {
    const nowUs = this.#options.clock.bootUs();
    for (let i = 0; i < block.count; i++) {
      const logUs = this.#time.take(block.timeUs[i]);
      block.timeUs[i] = this.#options.stamp === 'log' ? logUs : nowUs;
    }
    this.#hand(block, bus);
  }

  async #deliverInTime(block: FrameBlock, bus: string): Promise<void> {
    for (let from = 0; from < block.count; ) {
      const run = this.#spare.pop() ?? new FrameBlock(BLOCK_FRAMES);
      run.clear();
      const to = this.#fillRun(run, block, from);
      await this.#until(this.#time.dueUs);
      if (this.#stopped) throw STOPPED;
      this.#hand(run, bus);
      this.#spare.push(run);
      from = to;
    }
  }

  /** Takes the frames that are due together with the one at `from`; gives where it stopped. */
  #fillRun(run: FrameBlock, block: FrameBlock, from: number): number {
    let firstDueUs = 0;
    let at = from;
    for (; at < block.count; at++) {
      if (at > from && this.#time.dueUsOf(block.timeUs[at]) - firstDueUs > WAKE_US) break;
      const logUs = this.#time.take(block.timeUs[at]);
      if (at === from) firstDueUs = this.#time.dueUs;
      const timeUs = this.#options.stamp === 'log' ? logUs : this.#time.dueUs;
      run.push(timeUs, block.id[at], block.flags[at], block.data, at * FRAME_BYTES_MAX, block.length[at]);
    }
    return at;
  }

  #hand(block: FrameBlock, name: string): void {
    for (const bus of this.#buses) if (bus.interface === undefined || bus.interface === name) bus.deliver(block);
  }

  #until(dueUs: number): Promise<void> {
    const delayMs = (dueUs - this.#options.clock.bootUs()) / 1000;
    if (delayMs <= 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.setTimer(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Blocks are used again: new ones at the rate of a fast replay would leave the collector of garbage behind. */
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
