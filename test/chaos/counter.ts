import { writeFileSync } from 'node:fs';
import { createSystemClock, VirtualBus } from '@iot/agent';
import { FrameBlock } from '@iot/wire';
import { seededRandom } from '../sim/route.ts';

const FRAME_ID = 0x123;
const STEP_MS = 10;
const FRAMES_PER_STEP = 2;

/** The frame that counts, for the agent. */
const DBC = `VERSION ""

NS_ :

BS_:

BU_: Chaos

BO_ ${FRAME_ID} Counter: 8 Chaos
 SG_ Count : 0|32@1+ (1,0) [0|4294967295] "" Chaos
 SG_ Noise : 32|32@1- (0.1,0) [0|0] "km/h" Chaos
`;

/** A simulated bus that counts: 200 frames a second, each with the next number, so that one lost or doubled shows. */
export class CounterBus {
  readonly path: string;
  readonly dbcFile: string;
  readonly #bus: VirtualBus;
  readonly #block = new FrameBlock(FRAMES_PER_STEP);
  readonly #random: () => number;
  #timer: NodeJS.Timeout | undefined;
  /** `performance.now()` when a count was sent; index is the count. */
  readonly #sentMs: number[] = [0];

  private constructor(path: string, dbcFile: string, seed: number) {
    this.path = path;
    this.dbcFile = dbcFile;
    this.#random = seededRandom(seed);
    this.#bus = new VirtualBus({ name: 'counter', path, clock: createSystemClock(), random: this.#random });
  }

  /** Opens the bus as its hub, and writes its DBC file; it begins to count with `start`. */
  static async open(path: string, dbcFile: string, seed: number): Promise<CounterBus> {
    writeFileSync(dbcFile, DBC);
    const counter = new CounterBus(path, dbcFile, seed);
    await counter.#bus.open(() => {});
    return counter;
  }

  /** Newest count on the bus. */
  get sent(): number {
    return this.#sentMs.length - 1;
  }

  /** `performance.now()` when this count was sent. */
  sentMs(count: number): number {
    return this.#sentMs[count];
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#step(), STEP_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async close(): Promise<void> {
    this.stop();
    await this.#bus.close();
  }

  #step(): void {
    this.#block.clear();
    const data = Buffer.alloc(8);
    for (let i = 1; i <= FRAMES_PER_STEP; i++) {
      data.writeUInt32LE(this.sent + i, 0);
      data.writeInt32LE(Math.round(this.#random() * 2_000), 4);
      this.#block.push(0, FRAME_ID, 0, data, 0, data.length);
    }
    // A bus that does not take the frames has not sent them: they are the next.
    if (!this.#bus.send(this.#block)) return;
    const nowMs = performance.now();
    for (let i = 0; i < FRAMES_PER_STEP; i++) this.#sentMs.push(nowMs);
  }
}
