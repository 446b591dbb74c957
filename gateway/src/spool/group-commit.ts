import type { Clock } from '../ports.ts';
import type { DataPlaneMetrics } from './metrics.ts';
import { bytesOfWrite, type Outcome, type Write } from './writes.ts';

/** What a write weighs in the queue besides its bytes. */
const WRITE_OVERHEAD_BYTES = 256;

export interface GroupCommitOptions {
  /** Writes of one commit: durable when it resolves, outcomes in order. */
  readonly commit: (writes: readonly Write[]) => Promise<readonly Outcome[]>;
  /** Largest commit, so that no fsync holds up those who wait for theirs. */
  readonly commitBytesMax: number;
  /** Largest queue. Beyond it writes that bring bytes are `full`. */
  readonly queueBytesMax: number;
  readonly clock: Clock;
  readonly metrics: DataPlaneMetrics;
}

interface Waiting {
  readonly write: Write;
  readonly weight: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** One commit at a time; what arrives while it runs goes into the next one, in order. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Resolves when the write is durable, or was not made: see Outcome. Rejects where the commit failed. */
  write(write: Write): Promise<Outcome> {
    const weight = bytesOfWrite(write) + WRITE_OVERHEAD_BYTES;
    if (bytesOfWrite(write) > 0 && this.#queuedBytes + weight > this.#options.queueBytesMax)
      return Promise.resolve('full');
    this.#queuedBytes += weight;
    this.#options.metrics.commitQueueBytes(this.#queuedBytes);
    const done = new Promise<Outcome>((resolve, reject) => this.#queue.push({ write, weight, resolve, reject }));
    this.#running ??= this.#run();
    return done;
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // Lets the rest of this turn's packets join.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#commitNext();
    this.#running = undefined;
  }

  async #commitNext(): Promise<void> {
    const { commit, clock, metrics } = this.#options;
    const group = this.#takeGroup();
    const bytes = group.reduce((sum, { weight }) => sum + weight, 0);
    const startMs = clock.nowMs();
    try {
      const outcomes = await commit(group.map(({ write }) => write));
      metrics.committed(group.length, bytes, clock.nowMs() - startMs);
      this.#release(bytes);
      for (const [i, { resolve }] of group.entries()) resolve(outcomes[i]);
    } catch (error) {
      this.#release(bytes);
      for (const { reject } of group) reject(error);
    }
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    const over = this.#queue.findIndex(({ weight }, i) => {
      bytes += weight;
      return i > 0 && bytes > this.#options.commitBytesMax;
    });
    return this.#queue.splice(0, over === -1 ? this.#queue.length : over);
  }

  #release(bytes: number): void {
    this.#queuedBytes -= bytes;
    this.#options.metrics.commitQueueBytes(this.#queuedBytes);
  }
}
