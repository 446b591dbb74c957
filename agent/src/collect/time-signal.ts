import type { Rows } from '@iot/wire';

export interface TimeSignalNames {
  /** Signal that carries Unix seconds. */
  readonly time: string;
  /** Signal of the same table that is 1 where the time is right; where it is not collected with it, no time is believed. */
  readonly valid: string | undefined;
}

/** The newest time after `afterUs` that a decoded signal told, as [capture µs, Unix µs]; undefined where the tables hold none. */
export function newestTime(
  tables: Iterable<Rows>,
  names: TimeSignalNames,
  afterUs: number,
): readonly [number, number] | undefined {
  let newest: readonly [number, number] | undefined;
  for (const rows of tables) {
    const time = rows.def.signals.findIndex((signal) => signal.name === names.time);
    if (time < 0 || rows.count === 0) continue;
    const row = rows.count - 1;
    const valid = rows.def.signals.findIndex((signal) => signal.name === names.valid);
    if (names.valid !== undefined && (valid < 0 || rows.physical(row, valid) !== 1)) continue;
    const seconds = rows.physical(row, time);
    if (seconds === undefined || rows.times[row] <= (newest?.[0] ?? afterUs)) continue;
    newest = [rows.times[row], seconds * 1e6];
  }
  return newest;
}
