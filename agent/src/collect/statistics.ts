import type { Rows } from '@iot/wire';

/** Of one signal's physical values, in the order they came. */
export interface SignalStatistics {
  count: number;
  sum: number;
  min: number;
  max: number;
  first: number;
  last: number;
}

/** Per signal count, sum, minimum, maximum, first and last of its readings; texts and absent values do not count. */
export class Statistics {
  readonly signals = new Map<string, SignalStatistics>();
  readings = 0;

  add(rows: Rows): void {
    rows.def.signals.forEach(({ name }, column) => {
      for (let row = 0; row < rows.count; row++) {
        const value = rows.physical(row, column);
        if (value !== undefined) this.#addValue(name, value);
      }
    });
  }

  #addValue(name: string, value: number): void {
    this.readings++;
    const known = this.signals.get(name);
    if (!known) {
      this.signals.set(name, { count: 1, sum: value, min: value, max: value, first: value, last: value });
      return;
    }
    known.count++;
    known.sum += value;
    if (value < known.min) known.min = value;
    if (value > known.max) known.max = value;
    known.last = value;
  }
}
