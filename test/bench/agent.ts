import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BusCollector, type NewBatch, OpenBatch, openStore, readDbc, type Store } from '@iot/agent';
import { createCandumpReader } from '@iot/canlog';
import { createMatcher } from '@iot/dbc';
import { FRAME_BYTES_MAX, FrameBlock } from '@iot/wire';
import { FRAMES_PER_SECOND, LOAD_SECONDS, LOAD_SIGNALS, writeLoad } from './load.ts';

/**
 * npm run bench:agent [-- --json]: CPU of the agent's path on the truck log, beside python-can with cantools on the same
 * log; and an agent on four loaded buses whose disk stalls.
 */

const ROUNDS = 8;
/** As a service on a small unit starts the agent: V8 otherwise keeps up to 48 MB for young objects. */
const AGENT_FLAGS = ['--max-semi-space-size=1'];
const recordings = resolve(import.meta.dirname, '../../../shared/recordings');
const log = join(recordings, 'truck-j1939-gps.log.gz');
const dbcs = ['canmod-gps.dbc', 'CSS-Electronics-SAE-J1939-DEMO.dbc'].map((file) => join(recordings, file));
const python = resolve(import.meta.dirname, '../../.cache/venv/bin/python');

interface Run {
  readonly bus: string;
  readonly block: FrameBlock;
}

/** Reads a candump text into blocks of frames, as a driver delivers them. */
function readRuns(text: Uint8Array, take: (run: Run) => void): void {
  const reader = createCandumpReader({ onFrames: (block, bus) => take({ bus, block }) });
  reader.receive(text);
  reader.finish();
}

function copyOf({ count, timeUs, id, flags, length, data }: FrameBlock): FrameBlock {
  const copy = new FrameBlock(count);
  for (let i = 0; i < count; i++) copy.push(timeUs[i], id[i], flags[i], data, i * FRAME_BYTES_MAX, length[i]);
  return copy;
}

/** The agent's collectors and store, without the clockwork around them. */
class Path {
  readonly #collectors = new Map<string, BusCollector>();
  readonly #store: Store;
  readonly #open: OpenBatch;
  readonly #matcher = createMatcher(dbcs.map((file) => readDbc(file, () => {})));
  #cut: NewBatch[] = [];
  readings = 0;
  batches = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#open = new OpenBatch({
      vehicle: 'truck',
      boot: undefined,
      spanUs: 10e6,
      onCut: (batches) => this.#cut.push(...batches),
    });
  }

  take({ bus, block }: Run): void {
    let collector = this.#collectors.get(bus);
    if (!collector) {
      collector = new BusCollector({
        bus,
        matcher: this.#matcher,
        open: this.#open,
        nameOf: (name) => name,
        samplingOf: () => ({ mode: 'every' }),
      });
      this.#collectors.set(bus, collector);
    }
    collector.take(block);
  }

  async commit(): Promise<void> {
    this.#open.cut();
    const cut = this.#cut;
    this.#cut = [];
    this.batches += cut.length;
    for (const batch of cut) this.readings += batch.body.readings;
    await this.#store.commit(cut);
  }
}

async function cpuMicros(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

async function measurePath() {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-bench-'));
  const store = await openStore({
    path: join(folder, 'store.db'),
    unit: 'bench',
    vehicle: 'truck',
    machineId: 'bench',
    bootId: new Uint8Array(16),
    bytesMax: 1024 ** 3,
  });
  const path = new Path(store);
  const runs: Run[] = [];
  readRuns(gunzipSync(readFileSync(log)), ({ bus, block }) => runs.push({ bus, block: copyOf(block) }));
  const frames = runs.reduce((sum, { block }) => sum + block.count, 0);
  const memory: number[] = [];
  const file: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    memory.push(
      await cpuMicros(async () => {
        for (const run of runs) path.take(run);
        await path.commit();
      }),
    );
    file.push(
      await cpuMicros(async () => {
        readRuns(gunzipSync(readFileSync(log)), (run) => path.take(run));
        await path.commit();
      }),
    );
  }
  await store.close();
  const cold = memory[0] / frames;
  const readings = path.readings / (2 * ROUNDS);
  return {
    frames,
    readings,
    cold,
    fromMemory: median(memory.slice(2)) / frames,
    fromFile: median(file.slice(2)) / frames,
  };
}

function measurePeer(): { frames: number; readings: number; micros: number } | undefined {
  if (!existsSync(python)) return undefined;
  const { status, stdout, stderr } = spawnSync(
    python,
    [join(import.meta.dirname, 'agent_peer.py'), log, '3', ...dbcs],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const { frames, readings, cpuSeconds } = JSON.parse(stdout);
  return { frames, readings, micros: (cpuSeconds * 1e6) / frames };
}

/** RSS of a Node process that does nothing. */
function emptyRssBytes(): number {
  const script = 'setTimeout(() => console.log(process.memoryUsage.rss()), 500)';
  return Number(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout);
}

function measureLoad() {
  const { folder, frames } = writeLoad();
  const args = [...AGENT_FLAGS, join(import.meta.dirname, 'agent-load.mjs'), folder];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  if (child.status !== 0) throw new Error(child.stderr);
  const load = JSON.parse(child.stdout);
  return {
    ...load,
    frames,
    lostReadings: frames * LOAD_SIGNALS - load.readings,
    rssBeyondEmptyMiB: (load.rssBytesMax - emptyRssBytes()) / 1024 ** 2,
    cpuMicrosPerFrame: load.cpuMicros / frames,
  };
}

if (!existsSync(recordings)) {
  console.error('bench:agent needs the recordings in ../shared/recordings');
  process.exit(1);
}
const path = await measurePath();
const peer = measurePeer();
const load = measureLoad();
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ path, peer, load }));
} else {
  console.log(`Truck log, ${path.frames} frames, ${path.readings} readings: CPU µs a frame, all threads.`);
  console.table({
    'frames in memory → committed batches': { target: 0.5, 'µs a frame': path.fromMemory.toFixed(2) },
    'the same, first round (cold)': { 'µs a frame': path.cold.toFixed(2) },
    'log.gz read → committed batches': { 'µs a frame': path.fromFile.toFixed(2) },
    'python-can + cantools, log.gz → values': { 'µs a frame': peer ? peer.micros.toFixed(2) : 'not installed' },
  });
  console.log(
    `Four buses of ${FRAMES_PER_SECOND} frames/s for ${LOAD_SECONDS} s, each commit stalled by ${load.stallMs} ms.`,
  );
  console.table({
    frames: {
      sent: load.frames,
      received: load.received,
      'readings lost': load.lostReadings,
      overflowed: load.overflowed,
    },
  });
  console.log(
    `RSS beyond an empty Node process: ${load.rssBeyondEmptyMiB.toFixed(1)} MiB (target 60); ${load.cpuMicrosPerFrame.toFixed(1)} µs CPU a frame at the buses' own pace.`,
  );
}
