import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createCandumpReader } from '@iot/canlog';
import { compileMessage, createMatcher, type FrameDecoder, parseDbc } from '@iot/dbc';
import { FRAME_BYTES_MAX, FrameBlock, ID_MASK, Rows } from '@iot/wire';
import { Can, Dbc } from 'candied';

/**
 * npm run bench:decode [-- --json]: signals decoded a second, frames in memory, one core. Ours writes raw integers into
 * columns and adds their scaled sum; cantools (its C core) and candied give scaled values. J1939 that candied cannot match by PGN
 * is given to it by the id it knows.
 */

/** Rounds of which the median counts; each goes over the log until it has taken long enough for the clock of CPU time. */
const ROUNDS = 7;
const ROUND_SECONDS_MIN = 0.25;
const PEER_ROUNDS = 5;
const recordings = resolve(import.meta.dirname, '../../../shared/recordings');
const python = resolve(import.meta.dirname, '../../.cache/venv/bin/python');
const dbcs = ['canmod-gps.dbc', 'CSS-Electronics-SAE-J1939-DEMO.dbc'].map((file) => join(recordings, file));
const matcher = createMatcher(dbcs.map((file) => parseDbc(readFileSync(file, 'utf8'), file).database));

interface Memory {
  /** Frames of messages that the databases know. */
  readonly block: FrameBlock;
  readonly buses: readonly string[];
}

function load(log: string): Memory {
  const block = new FrameBlock(100_000);
  const buses: string[] = [];
  const reader = createCandumpReader({
    onFrames: ({ count, timeUs, id, flags, length, data }, bus) => {
      for (let i = 0; i < count; i++) {
        if (!matcher.match(id[i])) continue;
        block.push(timeUs[i], id[i], flags[i], data, i * FRAME_BYTES_MAX, length[i]);
        buses.push(bus);
      }
    },
  });
  reader.receive(gunzipSync(readFileSync(log)));
  reader.finish();
  return { block, buses };
}

const cpuSeconds = (): number => process.cpuUsage().user / 1e6;

const median = (values: readonly number[]): number => [...values].sort((one, other) => one - other)[values.length >> 1];

/** Median CPU seconds of one pass. */
function timePasses(rounds: number, pass: () => void): number {
  const seconds = Array.from({ length: rounds }, () => {
    const start = cpuSeconds();
    let passes = 0;
    do {
      pass();
      passes++;
    } while (cpuSeconds() - start < ROUND_SECONDS_MIN);
    return (cpuSeconds() - start) / passes;
  });
  return median(seconds);
}

function measureOurs({ block, buses }: Memory): { readings: number; seconds: number } {
  const tables: Rows[] = [];
  const routes = new Map<string, FrameDecoder>();
  const routeOf = Array.from({ length: block.count }, (_, i) => {
    const key = `${buses[i]} ${block.id[i]}`;
    let decoder = routes.get(key);
    if (!decoder) {
      const { message, source } = matcher.match(block.id[i])!;
      const compiled = compileMessage(message)!;
      const rows = compiled.tables(buses[i], source).map((def) => new Rows(def));
      tables.push(...rows);
      decoder = compiled.createDecoder(rows);
      routes.set(key, decoder);
    }
    return decoder;
  });
  let readings = 0;
  let sum = 0;
  const seconds = timePasses(ROUNDS, () => {
    for (let i = 0; i < block.count; i++) {
      routeOf[i].decode(block.data, i * FRAME_BYTES_MAX, block.length[i], block.timeUs[i]);
    }
    readings = 0;
    for (const rows of tables) {
      sum += sumOf(rows);
      readings += readingsOf(rows);
      rows.clear();
    }
  });
  if (Number.isNaN(sum)) throw new Error('a recording holds no NaN');
  return { readings, seconds };
}

/** Every value scaled, so that nothing is left undone that the peers do. */
function sumOf(rows: Rows): number {
  let sum = 0;
  rows.columns.forEach(({ values }, column) => {
    const { scale, offset } = rows.def.signals[column];
    for (let row = 0; row < rows.count; row++) sum += Number(values[row]) * scale + offset;
  });
  return sum;
}

function readingsOf(rows: Rows): number {
  return rows.columns.reduce((count, { qualityRows }) => count + rows.count - qualityRows.length, 0);
}

function measureCandied({ block }: Memory): { readings: number; seconds: number } {
  const decoders = dbcs.map((file) => {
    const can = new Can();
    can.database = new Dbc().load(readFileSync(file, 'utf8'));
    return can;
  });
  const frames = Array.from({ length: block.count }, (_, i) => {
    const { message } = matcher.match(block.id[i])!;
    const at = i * FRAME_BYTES_MAX;
    const can = decoders[message.isJ1939 ? 1 : 0];
    // candied keys extended messages by the DBC's own number, top bit included, less that bit.
    const frame = can.createFrame(
      message.id & ID_MASK,
      [...block.data.subarray(at, at + block.length[i])],
      message.isJ1939,
    );
    return { can, frame };
  });
  let readings = 0;
  const seconds = timePasses(PEER_ROUNDS, () => {
    readings = 0;
    for (const { can, frame } of frames) readings += can.decode(frame)?.boundSignals.size ?? 0;
  });
  return { readings, seconds };
}

function measureCantools(log: string): { readings: number; seconds: number } | undefined {
  if (!existsSync(python)) return undefined;
  const args = [join(import.meta.dirname, 'decode_peer.py'), log, String(PEER_ROUNDS), ...dbcs];
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

if (!existsSync(recordings)) {
  console.error('bench:decode needs the recordings in ../shared/recordings');
  process.exit(1);
}
const results = ['truck-j1939-gps', 'car-obd2-gps'].map((name) => {
  const log = join(recordings, `${name}.log.gz`);
  const memory = load(log);
  const rate = (run: { readings: number; seconds: number } | undefined) => run && run.readings / run.seconds;
  const [ours, cantools, candied] = [measureOurs(memory), measureCantools(log), measureCandied(memory)];
  return {
    input: name,
    frames: memory.block.count,
    readings: { ours: ours.readings, cantools: cantools?.readings, candied: candied.readings },
    signalsPerSecond: { ours: rate(ours)!, cantools: rate(cantools), candied: rate(candied) },
  };
});
if (process.argv.includes('--json')) console.log(JSON.stringify({ target: 30, results }));
else {
  console.log('Signals decoded a second, frames in memory, CPU time of one core; in brackets the readings of a round.');
  const show = (value: number | undefined, readings: number | undefined): string =>
    value === undefined ? 'not installed' : `${(value / 1e6).toFixed(2)} M (${readings})`;
  console.table(
    Object.fromEntries(
      results.map(({ input, readings, signalsPerSecond: s }) => [
        input,
        {
          ours: show(s.ours, readings.ours),
          cantools: show(s.cantools, readings.cantools),
          candied: show(s.candied, readings.candied),
          'ours / cantools (target 30)': s.cantools ? (s.ours / s.cantools).toFixed(0) : '-',
          'ours / candied': s.candied ? (s.ours / s.candied).toFixed(0) : '-',
        },
      ]),
    ),
  );
}
