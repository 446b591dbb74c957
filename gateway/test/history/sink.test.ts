import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf, readHead } from '@iot/batch';
import { createLogger } from '@iot/host';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HistorySink } from '../../src/sinks/history/history.ts';
import { idOf, T0_US } from '../support/batches.ts';
import { ManualClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/plane.ts';
import { entryOf } from './support.ts';

const RETAIN_MS = 3_600_000;

/** A history on a file, closed with the test, with what it logged. */
async function openHistory(path: string, clock = new ManualClock()) {
  const logged: string[] = [];
  const log = createLogger('test', 'error', { write: (line) => void logged.push(line) });
  const sink = await HistorySink.open({ path, retainMs: RETAIN_MS, bytesMax: 64 * 1024 ** 2, clock, log });
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await sink.close();
    closed = true;
  };
  onTestFinished(close);
  return { sink, logged, close };
}

async function exported(sink: HistorySink): Promise<string[]> {
  const identities: string[] = [];
  await sink.export((bytes) => {
    const { epoch, seq } = readHead(bytes);
    identities.push(`${hexOf(epoch)} ${String(seq).padStart(6, '0')}`);
  });
  return identities;
}

describe('the history behind its worker', () => {
  it('answers what the engine answers', async () => {
    const { sink } = await openHistory(join(temporaryDirectory(), 'history.db'));
    await sink.deliver([
      entryOf(1, { values: [10, 20], events: [{ timeUs: T0_US, name: 'bus-off', attributes: {} }] }),
    ]);
    const fromMs = T0_US / 1000;
    const toMs = fromMs + 10_000;
    expect((await sink.vehicles()).map(({ vehicle }) => vehicle)).toEqual(['taxi-12']);
    expect((await sink.signals('taxi-12'))?.map(({ name }) => name)).toEqual(['Vehicle.Speed']);
    expect((await sink.series('taxi-12', 'Vehicle.Speed', fromMs, toMs, 9))?.mean).toEqual([1, 2]);
    expect((await sink.track('taxi-12', fromMs, toMs, 9))?.timesMs).toEqual([]);
    expect((await sink.events('taxi-12', fromMs, toMs, 9))?.map(({ name }) => name)).toEqual(['bus-off']);
    expect(await sink.signals('nobody')).toBeUndefined();
  });

  it('exports every batch once, in the order of epoch and seq', async () => {
    const { sink } = await openHistory(join(temporaryDirectory(), 'history.db'));
    const seqs = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1);
    for (const epoch of ['epoch-2', 'epoch-1'])
      await sink.deliver(seqs.map((seq) => entryOf(seq, { epoch: idOf(epoch) })));
    const identities = await exported(sink);
    expect(identities).toHaveLength(200);
    expect(new Set(identities).size).toBe(200);
    expect(identities).toEqual([...identities].sort());
  });

  it('lets go of what is too old as time passes, by the clock it is given', async () => {
    const clock = new ManualClock();
    const { sink } = await openHistory(join(temporaryDirectory(), 'history.db'), clock);
    await sink.deliver([entryOf(1, {}, clock.nowMs())]);
    clock.advance(RETAIN_MS / 2);
    await sink.deliver([entryOf(2, {}, clock.nowMs())]);
    expect((await sink.size()).batches).toBe(2);
    clock.advance(RETAIN_MS / 2 + 1);
    await sink.deliver([entryOf(3, {}, clock.nowMs())]);
    expect((await exported(sink)).map((identity) => Number(identity.slice(-6)))).toEqual([2, 3]);
  });

  it('says that it is down while it takes nothing, and up again afterwards', async () => {
    const { sink } = await openHistory(join(temporaryDirectory(), 'history.db'));
    const entry = entryOf(1);
    await expect(sink.deliver([{ ...entry, bytes: entry.bytes.subarray(0, 40) }])).rejects.toThrow(/takes no batches/);
    expect(sink.health()).toMatchObject({ state: 'down' });
    await sink.deliver([entry]);
    expect(sink.health()).toEqual({ state: 'up' });
  });
});

describe('a damaged file is set aside, told, and a new one begun', () => {
  it.each([
    { name: 'no-database', harm: (path: string) => writeFileSync(path, 'this is no database '.repeat(1_000)) },
    { name: 'truncated', harm: (path: string) => truncateSync(path, 3 * 4096) },
  ])('$name', async ({ harm }) => {
    const path = join(temporaryDirectory(), 'history.db');
    const first = await openHistory(path);
    await first.sink.deliver(Array.from({ length: 20 }, (_, i) => entryOf(i + 1)));
    await first.close();
    harm(path);
    const { sink, logged } = await openHistory(path);
    expect(existsSync(`${path}.damaged-1`)).toBe(true);
    expect(logged.join()).toContain('history.db.damaged-1');
    await sink.deliver([entryOf(1)]);
    expect(await exported(sink)).toHaveLength(1);
  });
});
