import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decodeBatch } from '@iot/batch';
import { expect } from 'vitest';

/** The recordings lie beside the project, not in it: who needs them skips where they are absent. */
export const RECORDINGS = resolve(import.meta.dirname, '../../../shared/recordings');
export const recordingsPresent = existsSync(RECORDINGS);

export const LOGS = ['car-obd2-gps', 'truck-j1939-gps', 'ev-uds-gps'] as const;
export const DBCS = ['canmod-gps.dbc', 'CSS-Electronics-SAE-J1939-DEMO.dbc'].map((file) => join(RECORDINGS, file));

interface Expected {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
}

/** Readings of self-contained batches, each identity once, as [time µs, value] by signal, in the order of time. */
export function readingsOf(batches: Iterable<Uint8Array>): Map<string, [number, number][]> {
  const seen = new Set<string>();
  const signals = new Map<string, [number, number][]>();
  for (const bytes of batches) {
    const { head, tables } = decodeBatch(bytes, () => undefined);
    const identity = `${Buffer.from(head.epoch).toString('hex')} ${head.seq}`;
    if (seen.has(identity)) continue;
    seen.add(identity);
    for (const rows of tables) {
      rows.def.signals.forEach(({ name }, column) => {
        const readings = signals.get(name) ?? [];
        signals.set(name, readings);
        for (let row = 0; row < rows.count; row++) {
          const value = rows.physical(row, column);
          if (value !== undefined) readings.push([rows.times[row], value]);
        }
      });
    }
  }
  for (const readings of signals.values()) readings.sort(([one], [other]) => one - other);
  return signals;
}

/** Count, min, max, first and last exactly, sum within 1e-9; no signal more, none less. */
export function expectRecording(
  log: string,
  signals: ReadonlyMap<string, readonly (readonly [number, number])[]>,
): void {
  const file = JSON.parse(readFileSync(join(RECORDINGS, `${log}.expect.json`), 'utf8'));
  const expected = Object.entries(file.signals as Record<string, Expected>);
  expect([...signals.keys()].sort()).toEqual(expected.map(([name]) => name).sort());
  for (const [name, { sum, ...exact }] of expected) {
    const values = signals.get(name)!.map(([, value]) => value);
    const found = {
      count: values.length,
      min: values.reduce((one, other) => Math.min(one, other)),
      max: values.reduce((one, other) => Math.max(one, other)),
      first: values[0],
      last: values.at(-1),
    };
    expect({ name, ...found }).toEqual({ name, ...exact });
    const total = values.reduce((one, other) => one + other, 0);
    expect(Math.abs(total - sum)).toBeLessThanOrEqual(1e-9 * Math.abs(sum));
  }
}
