import { join } from 'node:path';
import { type BatchEvent, hexOf } from '@iot/batch';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HistoryEngine } from '../../src/sinks/history/engine.ts';
import { idOf, T0_US } from '../support/batches.ts';
import { temporaryDirectory } from '../support/plane.ts';
import { derivedOf, entryOf, type MemoryHistory, memoryHistory, NOW_MS } from './support.ts';

const BOOT = idOf('boot-1');
/** Boot time of the first unclocked batch. */
const UP_US = 5_000_000;
const OFFSET_US = T0_US - UP_US;
const T0_MS = T0_US / 1000;

const told = (attributes: BatchEvent['attributes'] = {}, name = 'clock-set'): BatchEvent => ({
  timeUs: T0_US + 3_600_000_000,
  name,
  attributes: { boot: hexOf(BOOT), offsetUs: OFFSET_US, source: 'gnss', uncertaintyUs: 100_000, ...attributes },
});

/** 10 s of boot time each, with an event. */
const unclocked = (seq: number) => {
  const t0Us = UP_US + (seq - 1) * 10_000_000;
  const events = [{ timeUs: t0Us, name: 'trip-started', attributes: { seq } }];
  return entryOf(seq, {
    clock: { source: 'none', uncertaintyUs: 0, boot: BOOT },
    t0Us,
    values: [seq, seq + 1],
    events,
  });
};
/** The same, from a unit that had its clock all along. */
const clocked = (seq: number) => {
  const t0Us = T0_US + (seq - 1) * 10_000_000;
  return entryOf(seq, {
    t0Us,
    values: [seq, seq + 1],
    events: [{ timeUs: t0Us, name: 'trip-started', attributes: { seq } }],
  });
};
const clockBatch = (seq: number, ...events: BatchEvent[]) =>
  entryOf(seq, { t0Us: T0_US + 3_600_000_000, values: [8], events });

function history(...groups: (readonly ReturnType<typeof entryOf>[])[]): MemoryHistory {
  const made = memoryHistory();
  onTestFinished(() => void made.db.close());
  for (const group of groups) {
    made.store.store(group);
    while (made.store.retime());
  }
  return made;
}

const speedsFrom = ({ reader }: MemoryHistory, fromMs = T0_MS) =>
  reader.series('taxi-12', 'Vehicle.Speed', fromMs, fromMs + 60_000, 100);

describe('batches without a clock, and the clock told', () => {
  const first = [unclocked(1), unclocked(2)];
  const clock = clockBatch(3, told());
  const step = clockBatch(3, told({}, 'clock-stepped'));

  it.each([
    { name: 'afterwards', groups: [first, [clock]] },
    { name: 'before', groups: [[clock], first] },
    { name: 'between', groups: [[first[0]], [clock], [first[1]]] },
    { name: 'together with them', groups: [[...first, clock]] },
    { name: 'by a step', groups: [first, [step]], step },
    { name: 'and everything repeated', groups: [first, [clock], first, [clock]] },
  ])('$name: all is as if the unit had had it all along', ({ groups, step }) => {
    const retimed = history(...groups);
    const expected = history([clocked(1), clocked(2), step ?? clock]);
    expect(derivedOf(retimed.db)).toEqual(derivedOf(expected.db));
    expect(speedsFrom(retimed)).toEqual(speedsFrom(expected));
    expect(speedsFrom(retimed)?.timesMs).toEqual([0, 1_000, 10_000, 11_000].map((ms) => T0_MS + ms));
  });

  it.each([
    { name: 'of another boot', events: [told({ boot: hexOf(idOf('boot-2')) })] },
    { name: 'whose boot is no id', events: [told({ boot: 'ab' })] },
    { name: 'without an offset', events: [told({ offsetUs: null })] },
    { name: 'with an offset that is no time', events: [told({ offsetUs: 1e300 })] },
    { name: 'of an unknown source', events: [told({ source: 'sundial' })] },
    { name: 'in an event of another name', events: [told({}, 'clock-rumoured')] },
  ])('a clock $name changes nothing', ({ events }) => {
    const { reader, db } = history(first, [clockBatch(3, ...events)]);
    expect(reader.signals('taxi-12')?.[0].latest).toEqual({ timeMs: T0_MS + 3_600_000, value: 0.8 });
    expect(db.prepare('SELECT count(*) FROM batch WHERE from_ms IS NULL').pluck().get()).toBe(2);
    expect(reader.events('taxi-12', 0, T0_MS + 3_599_999, 10)).toEqual([]);
  });

  it("another unit's clock of the same boot changes nothing", () => {
    const foreign = entryOf(3, { unit: 'unit-2', epoch: idOf('other'), vehicle: 'taxi-13', events: [told()] });
    const { reader } = history(first, [foreign]);
    expect(reader.signals('taxi-12')).toEqual([]);
  });
});

describe('of several clocks of one boot', () => {
  const rtc = told({ source: 'rtc', uncertaintyUs: 60_000_000, offsetUs: OFFSET_US + 9_000_000 });
  const stepped = told({ offsetUs: OFFSET_US + 2_000_000 }, 'clock-stepped');
  const gnss = clockBatch(3, told());

  it.each([
    { name: 'the most certain, told last', clocks: [clockBatch(2, rtc), gnss], movedMs: 0 },
    { name: 'the most certain, come first', clocks: [gnss, clockBatch(4, rtc)], movedMs: 0 },
    { name: 'of equal ones that told last', clocks: [gnss, clockBatch(4, stepped)], movedMs: 2_000 },
    { name: 'of equal ones that told last, come first', clocks: [clockBatch(4, stepped), gnss], movedMs: 2_000 },
    { name: 'of one batch its last', clocks: [clockBatch(3, told(), stepped)], movedMs: 2_000 },
  ])('$name holds', ({ clocks, movedMs }) => {
    const retimed = history(...clocks.map((clock) => [clock]), [unclocked(1)]);
    expect(speedsFrom(retimed)?.timesMs).toEqual([T0_MS + movedMs, T0_MS + movedMs + 1_000]);
  });

  it('a batch that has its time keeps it', () => {
    const retimed = history([unclocked(1)], [gnss], [clockBatch(4, stepped)]);
    expect(speedsFrom(retimed)?.timesMs).toEqual([T0_MS, T0_MS + 1_000]);
  });

  it('those of the newest 64 boots are remembered', () => {
    const boots = Array.from({ length: 100 }, (_, i) => told({ boot: hexOf(idOf(`boot ${i}`)) }));
    const { db } = history([clockBatch(1, ...boots)]);
    const known = db.prepare('SELECT boot FROM boot_clock ORDER BY id').pluck().all() as Uint8Array[];
    expect(known.map(hexOf)).toEqual(boots.slice(36).map(({ attributes }) => attributes.boot));
  });
});

it('what waits is re-timed in steps, and goes on after a restart in between', () => {
  const options = { path: join(temporaryDirectory(), 'history.db'), retainMs: 3_600_000, bytesMax: 64 * 1024 ** 2 };
  const seqs = Array.from({ length: 150 }, (_, i) => i + 1);
  const before = new HistoryEngine(options);
  before.store(seqs.map(unclocked), NOW_MS);
  before.store([clockBatch(151, told())], NOW_MS);
  expect(before.retime()).toBe(true);
  const placed = (engine: HistoryEngine) =>
    engine.read(({ reader }) => reader.events('taxi-12', T0_MS, T0_MS + 3_599_000, 1_000))?.length;
  expect(placed(before)).toBe(64);
  before.close();
  const after = new HistoryEngine(options);
  onTestFinished(() => after.close());
  while (after.retime());
  expect(placed(after)).toBe(150);
  const rollups = after.read(({ reader }) => reader.series('taxi-12', 'Vehicle.Speed', T0_MS, T0_MS + 10_800_000, 9));
  expect(rollups?.min[0]).toBe(0.1);
});

it('what is let go is let go whole', () => {
  const { db, retention } = history([unclocked(1), unclocked(2)], [clockBatch(3, told())]);
  while (retention.sweep(NOW_MS + 3_600_001));
  for (const table of ['batch', 'unclocked', 'event', 'rollup'])
    expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(0);
});
