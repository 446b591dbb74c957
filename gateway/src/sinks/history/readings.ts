import type { DecodedBatch } from '@iot/batch';
import type { Rows } from '@iot/wire';

/** Takes one reading. `timeUs` is on the batch's clock; numbers are physical and finite, and text is text. */
export type OnReading = (timeUs: number, value: number | string) => void;

/**
 * Calls `onReading` for every row in which a signal has a value, in the rows' order. What is an error, not available,
 * or no finite number is no reading: neither a plot nor JSON can hold it.
 */
export function eachReading(rows: Rows, signal: number, onReading: OnReading): void {
  const { values, type, qualityRows } = rows.columns[signal];
  const { scale, offset } = rows.def.signals[signal];
  let nextBad = 0;
  for (let row = 0; row < rows.count; row++) {
    if (qualityRows[nextBad] === row) {
      nextBad++;
      continue;
    }
    if (type === 'text') {
      onReading(rows.times[row], values[row] as string);
      continue;
    }
    const value = Number(values[row]) * scale + offset;
    if (Number.isFinite(value)) onReading(rows.times[row], value);
  }
}

/** Whether the times of a batch say when in the world something was, or only when since the unit started. */
export function isClocked({ head }: DecodedBatch): boolean {
  return head.clock.source !== 'none';
}
