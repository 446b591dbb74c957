import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { Replay, type ReplayOptions } from '../../src/drivers/replay/replay.ts';
import type { CanBus } from '../../src/ports.ts';
import { ManualClock } from './clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'odo-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Line {
  /** ms after the log's first frame. */
  readonly ms: number;
  readonly bus?: string;
}

const START_S = 1_700_000_000;
let files = 0;

function logOf(lines: readonly Line[], more = ''): string {
  const file = join(folder, `${files++}.log`);
  const text = lines.map(({ ms, bus = 'can0' }, i) => {
    const id = (i % 0x700).toString(16).padStart(3, '0').toUpperCase();
    return `(${(START_S + ms / 1000).toFixed(6)}) ${bus} ${id}#${i.toString(16).padStart(8, '0')}\n`;
  });
  writeFileSync(file, text.join('') + more);
  return file;
}

interface Seen {
  readonly bus: string;
  readonly atMs: number;
  readonly timeMs: number;
}

/** Opens buses of a replay and notes what comes: when by the clock, and with which time. Both in ms, the latter since the log's start or the clock's. */
async function play(
  options: Partial<ReplayOptions> & { file: string },
  buses: Readonly<Record<string, string | undefined>> = { all: undefined },
): Promise<{ seen: Seen[]; clock: ManualClock; buses: CanBus[]; damage: string[]; run(): Promise<void> }> {
  const clock = new ManualClock();
  const damage: string[] = [];
  const all = {
    speed: 1,
    stamp: 'log',
    loop: false,
    clock,
    pace: async () => {},
    onDamage: (message: string) => damage.push(message),
    ...options,
  } as const;
  const replay = new Replay(all);
  const seen: Seen[] = [];
  const made = Object.entries(buses).map(([name, wanted]) => replay.bus(name, wanted));
  const startedUs = clock.nowUs;
  for (const bus of made) {
    await bus.open((block) => {
      for (let i = 0; i < block.count; i++) {
        const timeUs = all.stamp === 'log' ? block.timeUs[i] - START_S * 1e6 : block.timeUs[i] - startedUs;
        seen.push({ bus: bus.name, atMs: (clock.nowUs - startedUs) / 1000, timeMs: timeUs / 1000 });
      }
    });
  }
  let over = false;
  const ended = made[0].ended.finally(() => {
    over = true;
  });
  /** Moves the clock from wait to wait, until the recording has ended. */
  const run = async (): Promise<void> => {
    while (!over) {
      if (clock.nextUs !== undefined) clock.next();
      await new Promise(setImmediate);
    }
    await ended;
  };
  ended.catch(() => {});
  return { seen, clock, buses: made, damage, run };
}

describe('pace', () => {
  const lines = [{ ms: 0 }, { ms: 1 }, { ms: 100 }, { ms: 250 }, { ms: 251.5 }];

  it.each([
    { speed: 1, at: [1, 1, 100, 251.5, 251.5] },
    { speed: 10, at: [0.1, 0.1, 10, 25.15, 25.15] },
    { speed: 0.5, at: [2, 2, 200, 500, 503] },
  ] as const)('at speed $speed frames come when they are due, those close together at once', async ({ speed, at }) => {
    const { seen, run } = await play({ file: logOf(lines), speed });
    await run();
    expect(seen.map(({ atMs }) => atMs)).toEqual(at.map((ms) => expect.closeTo(ms, 6)));
    expect(seen.map(({ timeMs }) => timeMs)).toEqual(lines.map(({ ms }) => ms));
  });

  it('stamped now, frames keep their distances, however late a wake-up comes', async () => {
    const { seen, clock, run } = await play({ file: logOf(lines), stamp: 'now', speed: 2 });
    clock.nowUs += 40_000;
    await run();
    const distances = seen.map(({ timeMs }) => timeMs - seen[0].timeMs);
    expect(distances).toEqual(lines.map(({ ms }) => expect.closeTo(ms / 2, 6)));
    for (const { timeMs, atMs } of seen) expect(timeMs).toBeLessThanOrEqual(atMs);
  });

  it('flat out waits for nothing, and keeps the times of the log', async () => {
    const { seen, clock, run } = await play({ file: logOf(lines), speed: 'max' });
    await run();
    expect(seen.map(({ timeMs }) => timeMs)).toEqual(lines.map(({ ms }) => ms));
    expect(clock.nowUs).toBe(1_000_000);
  });

  it('goes on at once where the log jumps back by a day', async () => {
    const stitched = logOf([{ ms: 0 }, { ms: 50 }, { ms: -86_400_000 }, { ms: -86_399_900 }]);
    const { seen, run } = await play({ file: stitched });
    await run();
    expect(seen.map(({ atMs }) => atMs)).toEqual([0, 50, 50, 150]);
  });

  it('waits for its receiver', async () => {
    let waits = 0;
    let letGo: () => void = () => {};
    const pace = (): Promise<void> => {
      waits++;
      return waits === 1 ? new Promise((resolve) => (letGo = resolve)) : Promise.resolve();
    };
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ms: i }));
    const { seen, buses } = await play({ file: logOf(many), speed: 'max', pace });
    while (waits === 0) await new Promise(setImmediate);
    const before = seen.length;
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(seen).toHaveLength(before);
    expect(before).toBeLessThan(5_000);
    letGo();
    await buses[0].ended;
    expect(seen).toHaveLength(10_000);
  });
});

describe('several buses of a recording', () => {
  const lines = Array.from({ length: 400 }, (_, i) => ({ ms: i * 3, bus: i % 3 === 0 ? 'can1' : 'can0' }));

  it.each([1, 'max'] as const)('start together and stay in step, at speed %s', async (speed) => {
    const { seen, run } = await play({ file: logOf(lines), speed }, { a: 'can0', b: 'can1' });
    await run();
    expect(seen.map(({ timeMs }) => timeMs)).toEqual(lines.map(({ ms }) => ms));
    expect(seen.map(({ bus }) => bus)).toEqual(lines.map(({ bus }) => (bus === 'can0' ? 'a' : 'b')));
  });

  it('play on for the others when one is closed', async () => {
    const { seen, buses, run } = await play({ file: logOf(lines) }, { a: 'can0', b: 'can1' });
    await buses[1].close();
    await run();
    expect(seen.filter(({ bus }) => bus === 'a')).toHaveLength(266);
    expect(seen.filter(({ bus }) => bus === 'b').length).toBeLessThan(5);
  });

  it('wait until all are open', async () => {
    const replay = new Replay({
      file: logOf(lines),
      speed: 'max',
      stamp: 'log',
      loop: false,
      clock: new ManualClock(),
      pace: async () => {},
      onDamage: () => {},
    });
    const [a, b] = [replay.bus('a', 'can0'), replay.bus('b', 'can1')];
    let frames = 0;
    await a.open((block) => {
      frames += block.count;
    });
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(frames).toBe(0);
    await b.open(() => {});
    await a.ended;
    expect(frames).toBe(266);
  });
});

describe('a loop', () => {
  it('goes on without end and without a step back, laps apart by the mean distance of frames', async () => {
    const { seen, clock, buses } = await play({ file: logOf([{ ms: 0 }, { ms: 10 }, { ms: 30 }]), loop: true });
    while (seen.length < 9) {
      if (clock.nextUs !== undefined) clock.next();
      await new Promise(setImmediate);
    }
    await buses[0].close();
    expect(seen.slice(0, 9).map(({ timeMs }) => timeMs)).toEqual([0, 10, 30, 45, 55, 75, 90, 100, 120]);
    expect(seen.slice(0, 9).map(({ atMs }) => atMs)).toEqual([0, 10, 30, 45, 55, 75, 90, 100, 120]);
  });
});

describe('files', () => {
  it('are read gzipped too', async () => {
    const file = join(folder, 'gzipped');
    writeFileSync(file, gzipSync('(1700000000.000000) can0 123#00\n(1700000000.001000) can0 124#01\n'));
    const { seen, run } = await play({ file, speed: 'max' });
    await run();
    expect(seen).toHaveLength(2);
  });

  it('with damaged lines are played without them, and say where they are', async () => {
    const { seen, damage, run } = await play({ file: logOf([{ ms: 0 }], 'no frame\n'), speed: 'max' });
    await run();
    expect(seen).toHaveLength(1);
    expect(damage).toEqual([expect.stringMatching(/\.log: line 2, column /)]);
  });

  it.each([
    { what: 'that is missing', file: join(folder, 'missing'), error: /no such file/ },
    { what: 'that is a folder', file: folder, error: /directory/ },
    { what: 'without a frame', file: logOf([], '# nothing\n'), error: /no frame in it/ },
  ])('a file $what fails, and says why', async ({ file, error }) => {
    const { buses, run } = await play({ file, speed: 'max', loop: true });
    await expect(run()).rejects.toThrow(error);
    expect(buses[0].health()).toMatchObject({ state: 'down', detail: expect.stringMatching(error) });
  });

  it('a file without frames of the wanted interface fails, even in a loop', async () => {
    const { run } = await play({ file: logOf([{ ms: 0 }]), loop: true }, { b: 'can5' });
    await expect(run()).rejects.toThrow(/no frame of can5 .* `interface`/);
  });

  it('a gzip file that was cut is played to the cut', async () => {
    const text = Array.from(
      { length: 3000 },
      (_, i) => `(1700000000.000000) can0 123#${(i * 7919).toString(16).padStart(8, '0')}\n`,
    );
    const whole = gzipSync(text.join(''));
    const file = join(folder, 'cut.gz');
    writeFileSync(file, whole.subarray(0, whole.length - 2000));
    const { seen, run } = await play({ file, speed: 'max' });
    await expect(run()).rejects.toThrow(/ends too early/);
    expect(seen.length).toBeGreaterThan(100);
  });
});

it('closing stops a long wait at once', async () => {
  const { seen, buses } = await play({ file: logOf([{ ms: 0 }, { ms: 3_600_000 }]) });
  while (seen.length < 1) await new Promise(setImmediate);
  await buses[0].close();
  await buses[0].ended;
  expect(seen).toHaveLength(1);
});
