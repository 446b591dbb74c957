import { describe, expect, it } from 'vitest';
import { idOf, T0_US } from '../support/batches.ts';
import { derivedOf, entryOf, memoryHistory, NOW_MS } from './support.ts';

const MINUTE_US = 60_000_000;
const RETAIN_MS = 3_600_000;

/** A minute of driving a batch; accepted a minute apart. */
const drive = (count: number, epoch = 'epoch-1', firstMinute = 0) =>
  Array.from({ length: count }, (_, i) =>
    entryOf(
      i + 1,
      {
        epoch: idOf(epoch),
        t0Us: T0_US + (firstMinute + i) * MINUTE_US,
        values: [i, i + 1],
        events: [{ timeUs: T0_US + (firstMinute + i) * MINUTE_US, name: 'trip-started', attributes: {} }],
      },
      NOW_MS + i * 60_000,
    ),
  );

describe('by age', () => {
  it('a batch goes with all that was derived from it, and nothing of the others does', () => {
    const entries = drive(10);
    const swept = memoryHistory({ retainMs: RETAIN_MS });
    swept.store.store(entries);
    expect(swept.retention.sweep(NOW_MS + RETAIN_MS + 4 * 60_000)).toBe(false);
    const never = memoryHistory();
    never.store.store(entries.slice(4));
    expect(derivedOf(swept.db)).toEqual(derivedOf(never.db));
    expect(swept.retention.size().batches).toBe(6);
  });

  it('a recording keeps the minutes of its newer replay', () => {
    const { db, store, retention } = memoryHistory({ retainMs: RETAIN_MS });
    const replay = drive(3, 'epoch-2').map((entry) => ({ ...entry, acceptedMs: NOW_MS + RETAIN_MS }));
    store.store(drive(3));
    store.store(replay);
    const minutes = () => db.prepare('SELECT minute FROM rollup ORDER BY minute').all();
    const before = minutes();
    retention.sweep(NOW_MS + RETAIN_MS + 1_000_000);
    expect(retention.size().batches).toBe(3);
    expect(minutes()).toEqual(before);
  });

  it('a minute that is shared with a batch that stays is not dropped', () => {
    const { store, reader, retention } = memoryHistory({ retainMs: RETAIN_MS });
    store.store([
      entryOf(1, { values: [10] }, NOW_MS),
      entryOf(2, { t0Us: T0_US + 5_000_000, values: [20] }, NOW_MS + 1_000),
    ]);
    retention.sweep(NOW_MS + RETAIN_MS + 1);
    const fromMs = T0_US / 1000 - 60_000;
    expect(reader.series('taxi-12', 'Vehicle.Speed', fromMs, fromMs + 4 * 3_600_000, 500)?.max).toEqual([2]);
  });
});

it('by room: the oldest go until the rest fits, and schemas with the last of their batches', () => {
  const { db, store, retention } = memoryHistory({ bytesMax: 400 * 1024 });
  const entries = drive(3_000);
  for (let i = 0; i < entries.length; i += 500) {
    store.store(entries.slice(i, i + 500));
    let steps = 0;
    while (retention.isOverBytes() && retention.sweep(NOW_MS)) expect(++steps).toBeLessThan(20);
  }
  const { batches, bytes } = retention.size();
  expect(bytes).toBeLessThanOrEqual(400 * 1024);
  expect(batches).toBeGreaterThan(256);
  const oldest = db.prepare('SELECT min(seq) FROM batch').pluck().get();
  expect(oldest).toBe(3_000 - batches + 1);
  while (db.prepare('SELECT count(*) FROM batch').pluck().get() !== 0) retention.sweep(NOW_MS * 2);
  for (const table of ['schema', 'body', 'event', 'rollup'])
    expect({ table, rows: db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() }).toEqual({ table, rows: 0 });
});
