import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createCandumpReader } from '@iot/canlog';
import { compileMessage, createMatcher, type FrameDecoder, parseDbc } from '@iot/dbc';
import { FRAME_BYTES_MAX, type FrameBlock, Rows } from '@iot/wire';

/** The inputs of the benches: `cab` is the car without its 100 Hz IMU, which is what a taxi really sends. */
export type InputName = 'car' | 'truck' | 'cab';

const folder = resolve(import.meta.dirname, '../../../shared/recordings');
const files: Record<InputName, { log: string; databases: readonly string[] }> = {
  car: { log: 'car-obd2-gps', databases: ['canmod-gps.dbc'] },
  cab: { log: 'car-obd2-gps', databases: ['canmod-gps.dbc'] },
  truck: { log: 'truck-j1939-gps', databases: ['canmod-gps.dbc', 'CSS-Electronics-SAE-J1939-DEMO.dbc'] },
};

export const recordingsPresent = existsSync(folder);

/** All rows of a recording, decoded: one Rows a table. */
export function decodeRecording(name: InputName): Rows[] {
  const { log, databases } = files[name];
  const matcher = createMatcher(
    databases.map((file) => parseDbc(readFileSync(join(folder, file), 'utf8'), file).database),
  );
  const routes = new Map<string, FrameDecoder | null>();
  const tables: Rows[] = [];

  const routeOf = (bus: string, id: number): FrameDecoder | null => {
    const match = matcher.match(id);
    const compiled = match && compileMessage(match.message);
    if (!compiled) return null;
    const rows = compiled.tables(bus, match.source).map((def) => new Rows(def));
    tables.push(...rows);
    return compiled.createDecoder(rows);
  };

  const onFrames = (block: FrameBlock, bus: string): void => {
    for (let i = 0; i < block.count; i++) {
      const key = `${bus} ${block.id[i]}`;
      let route = routes.get(key);
      if (route === undefined) {
        route = routeOf(bus, block.id[i]);
        routes.set(key, route);
      }
      route?.decode(block.data, i * FRAME_BYTES_MAX, block.length[i], block.timeUs[i]);
    }
  };
  const reader = createCandumpReader({ onFrames });
  reader.receive(gunzipSync(readFileSync(join(folder, `${log}.log.gz`))));
  reader.finish();
  return name === 'cab' ? tables.filter((rows) => rows.def.name !== 'gnss_imu') : tables;
}

/** What expect.json counts as readings of an input. */
export function expectedReadings(name: InputName): number {
  const expected = JSON.parse(readFileSync(join(folder, `${files[name].log}.expect.json`), 'utf8'));
  const signals: [string, { count: number }][] = Object.entries(expected.signals);
  const kept = signals.filter(([signal]) => name !== 'cab' || !signal.startsWith('gnss_imu.'));
  return kept.reduce((sum, [, { count }]) => sum + count, 0);
}

/** Rows of one time window; views that share the recording's memory. */
export interface Window {
  readonly t0Us: number;
  readonly tables: readonly Rows[];
}

/** Cuts on a grid of `seconds` from the first row, as a timer would; windows without rows make no batch. */
export function cutWindows(tables: readonly Rows[], seconds: number): Window[] {
  const startUs = Math.min(...tables.map((rows) => rows.times[0]));
  const parts = new Map<number, Rows[]>();
  for (const rows of tables) {
    for (let from = 0; from < rows.count; ) {
      const index = Math.floor((rows.times[from] - startUs) / (seconds * 1e6));
      let to = from + 1;
      while (to < rows.count && rows.times[to] < startUs + (index + 1) * seconds * 1e6) to++;
      const window = parts.get(index) ?? [];
      window.push(rows.slice(from, to));
      parts.set(index, window);
      from = to;
    }
  }
  const ordered = [...parts.entries()].sort(([a], [b]) => a - b);
  return ordered.map(([, part]) => ({ t0Us: Math.min(...part.map((rows) => rows.times[0])), tables: part }));
}
