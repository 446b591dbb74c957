import { bytesOf, type Statement } from '@iot/batch';
import { type Depth, type EpochView, type EventInfo, epochView } from '@iot/gateway';

type Range = [from: number, to: number];

export const BATCH_MS = 2000;
const BATCH_BYTES = 1830;
const DRAIN_PER_STEP = 4;

/**
 * A unit with a store of batches, one every two seconds from `startMs` on, stepped by a clock. While its link is down the store
 * fills and, past `storeBatches`, evicts its oldest; when it is up again it sends the newest first, a few a step.
 */
export class SimulatedUnit {
  readonly unit: string;
  readonly vehicle: string;
  readonly epoch: string;
  readonly startMs: number;
  linkUp = true;
  sinceMs: number;
  nextSeq = 1;
  lastAcceptedMs: number | undefined;
  readonly events: EventInfo[] = [];
  readonly #storeBatches: number;
  readonly #accepted = new Set<number>();
  readonly #evicted: Range[] = [];
  #pending: number[] = [];
  #heard: { readonly statement: Statement; readonly heardMs: number } | undefined;

  constructor(options: {
    readonly unit: string;
    readonly vehicle: string;
    readonly epoch: string;
    readonly startMs: number;
    readonly storeBatches: number;
  }) {
    this.unit = options.unit;
    this.vehicle = options.vehicle;
    this.epoch = options.epoch;
    this.startMs = options.startMs;
    this.sinceMs = options.startMs;
    this.#storeBatches = options.storeBatches;
    this.#event(options.startMs, 'trip-started', { odometer: '48,210 km' });
  }

  setLink(up: boolean, nowMs: number): void {
    if (up === this.linkUp) return;
    this.linkUp = up;
    this.sinceMs = nowMs;
  }

  /** Cuts the batch of this step, sends or evicts. `nowMs` is a multiple of BATCH_MS after startMs. */
  step(nowMs: number): void {
    this.#pending.push(this.nextSeq++);
    if (this.linkUp) {
      for (let i = 0; i < DRAIN_PER_STEP && this.#pending.length > 0; i++) this.#accepted.add(this.#pending.pop()!);
      this.lastAcceptedMs = nowMs;
      this.#state(nowMs);
      return;
    }
    while (this.#pending.length > this.#storeBatches) this.#evict(this.#pending.shift()!, nowMs);
  }

  #evict(seq: number, nowMs: number): void {
    const last = this.#evicted.at(-1);
    if (last !== undefined && last[1] + 1 === seq) last[1] = seq;
    else {
      this.#evicted.push([seq, seq]);
      this.#event(nowMs, 'store-evicted', { from: seq, reason: 'store full' });
    }
  }

  #event(timeMs: number, name: string, attributes: EventInfo['attributes']): void {
    this.events.push({ timeMs, name, attributes });
  }

  /** Whether what was captured then has arrived. */
  arrived(timeMs: number): boolean {
    return this.#accepted.has(this.seqAt(timeMs));
  }

  seqAt(timeMs: number): number {
    return Math.floor((timeMs - this.startMs) / BATCH_MS) + 1;
  }

  depth(nowMs: number): Depth {
    const batches = this.#pending.length;
    const oldest = this.#pending[0];
    return {
      batches,
      bytes: batches * BATCH_BYTES,
      oldestMs: oldest === undefined ? undefined : this.startMs + (oldest - 1) * BATCH_MS,
      atMs: nowMs,
    };
  }

  /** The gateway's own fold of what it accepted with what the unit said last. */
  ledger(): EpochView {
    const { unit, epoch, vehicle } = this;
    const accepted = this.#acceptedRanges();
    const times = { firstMs: this.startMs, lastMs: this.#heard?.heardMs ?? this.startMs };
    const heard = this.#heard ? [this.#heard] : [];
    return epochView({ unit, epoch, vehicles: [vehicle], accepted, ...times }, heard);
  }

  /** What a unit says of its store, which the gateway hears while the link is up. */
  #state(nowMs: number): void {
    const { batches, bytes } = this.depth(nowMs);
    const statement: Statement = {
      unit: this.unit,
      vehicle: this.vehicle,
      epoch: bytesOf(this.epoch),
      nextSeq: this.nextSeq,
      accepted: this.#acceptedRanges(),
      gaps: this.#evicted.map(([from, to]) => ({ from, to, reason: 'evicted', detail: 'store full' })),
      depth: { batches, bytes },
    };
    this.#heard = { statement, heardMs: nowMs };
  }

  #acceptedRanges(): Range[] {
    return rangesOf([...this.#accepted].sort((a, b) => a - b));
  }
}

function rangesOf(seqs: readonly number[]): Range[] {
  const ranges: Range[] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === seq) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}
