import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Rows } from '@iot/wire';
import { gorillaBits } from './gorilla.ts';
import type { Window } from './recordings.ts';
import { UNIT, VEHICLE } from './size-ours.ts';

const python = resolve(import.meta.dirname, '../../.cache/venv/bin/python');
export const pythonPresent = existsSync(python);

/** Bytes of all windows by each peer's format; undefined where its library is not installed. */
export interface PeerSizes {
  readonly jsonGzip: number;
  readonly gorilla: number;
  readonly fleetwiseSnappy: number | undefined;
  readonly parquetZstd: number | undefined;
}

/** One value that is known, of one signal. */
interface Series {
  readonly name: string;
  readonly timesUs: number[];
  readonly values: number[];
}

export function measurePeers(windows: readonly Window[]): PeerSizes {
  const series = windows.map(({ tables }) => tables.flatMap(seriesOf));
  const ids = new Map([...new Set(series.flat().map(({ name }) => name))].map((name, i) => [name, i + 1]));
  const samples = windows.map(({ t0Us }, i) => fleetwise(t0Us, series[i], ids));
  const [snappy, parquet] = pythonPresent ? byPython(samples, windows, series) : [undefined, undefined];
  return {
    jsonGzip: windows.reduce((sum, window) => sum + gzipSync(jsonRows(window), { level: 9 }).length, 0),
    gorilla: windows.reduce((sum, { t0Us }, i) => sum + gorillaBytes(t0Us, series[i]), 0),
    fleetwiseSnappy: snappy,
    parquetZstd: parquet,
  };
}

/** Physical values without the noise of the last bits, which would only make the peers look worse. */
function physical(rows: Rows, row: number, signal: number): number | undefined {
  const value = rows.physical(row, signal);
  return value === undefined ? undefined : Number(value.toPrecision(12));
}

function seriesOf(rows: Rows): Series[] {
  return rows.def.signals.map((signal, s) => {
    const series: Series = { name: signal.name, timesUs: [], values: [] };
    for (let row = 0; row < rows.count; row++) {
      const value = physical(rows, row, s);
      if (value === undefined) continue;
      series.timesUs.push(rows.times[row]);
      series.values.push(value);
    }
    return series;
  });
}

/** One line a row: time in ms with a decimal, then the signals by name. */
function jsonRows({ tables }: Window): string {
  const lines = [JSON.stringify({ unit: UNIT, vehicle: VEHICLE })];
  for (const rows of tables)
    for (let row = 0; row < rows.count; row++) {
      const values = rows.def.signals.map(({ name }, s) => [name, physical(rows, row, s)]);
      lines.push(JSON.stringify({ time: Math.round(rows.times[row] / 100) / 10, ...Object.fromEntries(values) }));
    }
  return lines.join('\n');
}

/** A block a signal: 16 bits of id, 16 of count, then Gorilla's streams; one time of 64 bits for all. */
function gorillaBytes(t0Us: number, series: readonly Series[]): number {
  const bits = series.map(({ timesUs, values }) => {
    const ticks = timesUs.map((timeUs) => Math.round((timeUs - t0Us) / 100));
    return Math.ceil((32 + gorillaBits(ticks, values)) / 8);
  });
  return 8 + bits.reduce((sum, n) => sum + n, 0);
}

/** AWS IoT FleetWise Edge's vehicle_data.proto: repeated CapturedSignal { signal_id = 1; relative_time_ms = 2; double_value = 3 }. */
function fleetwise(t0Us: number, series: readonly Series[], ids: ReadonlyMap<string, number>): Buffer {
  const samples: Buffer[] = [];
  for (const { name, timesUs, values } of series)
    timesUs.forEach((timeUs, i) => {
      const double = Buffer.alloc(8);
      double.writeDoubleLE(values[i]);
      const ms = Math.round((timeUs - t0Us) / 1000);
      const fields = Buffer.concat([Buffer.from([0x08, ...varint(ids.get(name)!), 0x10, ...varint(ms), 0x19]), double]);
      samples.push(Buffer.from([0x1a, fields.length]), fields);
    });
  return Buffer.concat(samples);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** Snappy by cramjam and Parquet by pyarrow, the implementations that people use. */
function byPython(
  samples: readonly Buffer[],
  windows: readonly Window[],
  series: readonly (readonly Series[])[],
): [snappy: number, parquet: number] {
  const input = windows.map((_, i) => ({ protobuf: samples[i].toString('base64'), series: series[i] }));
  const run = spawnSync(python, [join(import.meta.dirname, 'size_peers.py')], {
    input: input.map((line) => JSON.stringify(line)).join('\n'),
    encoding: 'utf8',
    maxBuffer: 1 << 20,
  });
  if (run.status !== 0) throw new Error(`size_peers.py ended with ${run.status}: ${run.stderr}`);
  const { snappy, parquet } = JSON.parse(run.stdout);
  return [snappy, parquet];
}
