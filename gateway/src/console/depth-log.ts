import type { Depth } from './data.ts';

export interface DepthSample {
  readonly timeMs: number;
  readonly batches: number;
  readonly bytes: number;
}

interface Log {
  spacingMs: number;
  samples: DepthSample[];
  newest?: Depth;
}

const SAMPLES_MAX = 360;
const UNITS_MAX = 10_000;

/**
 * How each unit's store depth went over time, as steps: kept in memory, for the console's sparkline only. The newest sample is
 * replaced while it is younger than `spacingMs`; past SAMPLES_MAX every other sample goes and the spacing doubles.
 */
export class DepthLog {
  #units = new Map<string, Log>();

  add(unit: string, depth: Depth): void {
    const log = this.#units.get(unit) ?? this.#open(unit);
    const { samples } = log;
    const sample = { timeMs: depth.atMs, batches: depth.batches, bytes: depth.bytes };
    const last = samples.at(-1);
    if (last !== undefined && sample.timeMs < last.timeMs) return;
    log.newest = depth;
    const before = samples.at(-2);
    if (before !== undefined && last!.timeMs - before.timeMs < log.spacingMs) samples[samples.length - 1] = sample;
    else samples.push(sample);
    if (samples.length <= SAMPLES_MAX) return;
    log.samples = samples.filter((_, at) => at % 2 === 0 || at === samples.length - 1);
    log.spacingMs *= 2;
  }

  of(unit: string): readonly DepthSample[] {
    return this.#units.get(unit)?.samples ?? [];
  }

  newest(unit: string): Depth | undefined {
    return this.#units.get(unit)?.newest;
  }

  /** Beyond UNITS_MAX the unit that appeared first is forgotten. */
  #open(unit: string): Log {
    if (this.#units.size >= UNITS_MAX) this.#units.delete(this.#units.keys().next().value as string);
    const log: Log = { spacingMs: 1000, samples: [] };
    this.#units.set(unit, log);
    return log;
  }
}
