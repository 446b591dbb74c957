import type { DecodedBatch } from '@iot/batch';
import type { EventInfo, Position } from '../../console/data.ts';
import { ROLLUP_MS } from './layout.ts';
import { positionsOf } from './positions.ts';
import { eachReading, isClocked } from './readings.ts';

/** One minute of a signal. */
export interface Rollup {
  /** Of Unix time. */
  readonly minute: number;
  count: number;
  min: number;
  max: number;
  sum: number;
}

export interface SignalSummary {
  readonly name: string;
  /** Unit of measure as in its source. */
  readonly unit: string;
  readonly numeric: boolean;
  /** Of its newest reading. */
  timeMs: number;
  value: number | string;
  /** Empty for text. */
  readonly rollups: Map<number, Rollup>;
}

/** What the history derives from one batch. Empty, but for the batch itself, where the unit had no clock. */
export interface BatchSummary {
  /** First and last reading or event, Unix ms. Undefined where there is none, or no clock. */
  readonly span?: { readonly fromMs: number; readonly toMs: number };
  readonly lastReadingMs?: number;
  readonly signals: readonly SignalSummary[];
  readonly positions: readonly Position[];
  readonly events: readonly EventInfo[];
  /** The body does not decode. */
  readonly unreadable?: true;
}

export const NOTHING: BatchSummary = { signals: [], positions: [], events: [] };

/** Derives what the history keeps beside a batch. Pure. Signals of one name in several tables are one. */
export function summarize(batch: DecodedBatch): BatchSummary {
  if (!isClocked(batch)) return NOTHING;
  const signals = new Map<string, SignalSummary>();
  let fromMs = Number.POSITIVE_INFINITY;
  let lastReadingMs = Number.NEGATIVE_INFINITY;
  for (const rows of batch.tables) {
    // A table's times need not ascend: a receiver's clock may step between rows.
    for (let row = 0; row < rows.count; row++) {
      fromMs = Math.min(fromMs, rows.times[row] / 1000);
      lastReadingMs = Math.max(lastReadingMs, rows.times[row] / 1000);
    }
    rows.def.signals.forEach(({ name, unit, type }, index) => {
      const numeric = type !== 'text';
      eachReading(rows, index, (timeUs, value) => {
        const known = signals.get(name);
        const signal = known ?? { name, unit, numeric, timeMs: timeUs / 1000, value, rollups: new Map() };
        if (!known) signals.set(name, signal);
        addReading(signal, timeUs / 1000, value);
      });
    });
  }
  const events = batch.events.map(({ timeUs, name, attributes }) => ({ timeMs: timeUs / 1000, name, attributes }));
  const times = [fromMs, lastReadingMs, ...events.map(({ timeMs }) => timeMs)].filter(Number.isFinite);
  return {
    ...(times.length > 0 && { span: { fromMs: Math.min(...times), toMs: Math.max(...times) } }),
    ...(Number.isFinite(lastReadingMs) && { lastReadingMs }),
    signals: [...signals.values()],
    positions: positionsOf(batch),
    events,
  };
}

function addReading(signal: SignalSummary, timeMs: number, value: number | string): void {
  if (timeMs >= signal.timeMs) {
    signal.timeMs = timeMs;
    signal.value = value;
  }
  if (typeof value === 'string' || !signal.numeric) return;
  const minute = Math.floor(timeMs / ROLLUP_MS);
  const rollup = signal.rollups.get(minute);
  if (!rollup) {
    signal.rollups.set(minute, { minute, count: 1, min: value, max: value, sum: value });
    return;
  }
  rollup.count++;
  rollup.sum += value;
  if (value < rollup.min) rollup.min = value;
  if (value > rollup.max) rollup.max = value;
}
