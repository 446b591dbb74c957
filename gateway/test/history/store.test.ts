import { makeSchema } from '@iot/batch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idOf, rowsOf, T0_US } from '../support/batches.ts';
import { derivedOf, entryOf, memoryHistory, NOW_MS } from './support.ts';

const T0_MS = T0_US / 1000;

/** Batches of 10 s, one after the other. */
const drive = Array.from({ length: 12 }, (_, i) =>
  entryOf(i + 1, {
    t0Us: T0_US + i * 10_000_000,
    values: [i * 100, i * 100 + 50, i * 10],
    events: [{ timeUs: T0_US + i * 10_000_000, name: 'trip-started', attributes: { i } }],
  }),
);

describe('whatever the order and the repeats', () => {
  it('the history is the same', () => {
    const once = memoryHistory();
    once.store.store(drive);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(drive, { minLength: drive.length }),
        fc.array(fc.constantFrom(...drive)),
        (shuffled, repeated) => {
          const again = memoryHistory();
          for (const entry of shuffled) again.store.store([entry]);
          expect(again.store.store(repeated).stored).toBe(0);
          expect(derivedOf(again.db)).toEqual(derivedOf(once.db));
          again.db.close();
        },
      ),
      { numRuns: 20 },
    );
    once.db.close();
  });

  it('a group with one that is no batch changes nothing', () => {
    const { db, store } = memoryHistory();
    const before = derivedOf(db);
    expect(() => store.store([drive[0], { bytes: Uint8Array.of(0x84, 1), acceptedMs: NOW_MS }])).toThrow();
    expect(derivedOf(db)).toEqual(before);
    expect(store.store(drive).stored).toBe(drive.length);
  });
});

describe('vehicles and signals', () => {
  it('the newest reading stays, though backlog comes later', () => {
    const { store, reader } = memoryHistory();
    store.store([entryOf(2, { t0Us: T0_US + 60_000_000, values: [900] }, NOW_MS)]);
    store.store([entryOf(1, { t0Us: T0_US, values: [100], unit: 'unit-2', epoch: idOf('other') }, NOW_MS + 5_000)]);
    expect(reader.signals('taxi-12')).toEqual([
      { name: 'Vehicle.Speed', unit: 'km/h', numeric: true, latest: { timeMs: T0_MS + 60_000, value: 90 } },
    ]);
    expect(reader.vehicles()).toEqual([
      { vehicle: 'taxi-12', unit: 'unit-2', lastSeenMs: NOW_MS + 5_000, lastReadingMs: T0_MS + 60_000 },
    ]);
  });

  it('a batch without a clock is kept and seen, but at no time', () => {
    const { store, reader, retention } = memoryHistory();
    store.store([entryOf(1, { clock: { source: 'none', uncertaintyUs: 0, boot: idOf('boot') }, t0Us: 5_000_000 })]);
    expect(retention.size().batches).toBe(1);
    expect(reader.vehicles()).toEqual([{ vehicle: 'taxi-12', unit: 'unit-1', lastSeenMs: NOW_MS }]);
    expect(reader.signals('taxi-12')).toEqual([]);
  });

  it('text has a newest value and no plot; errors are no readings', () => {
    const schema = makeSchema([
      {
        name: 'State',
        bus: 'can0',
        signals: [
          { name: 'Gear', unit: '', type: 'text', scale: 1, offset: 0 },
          { name: 'Level', unit: '%', type: 'float64', scale: 1, offset: 0 },
        ],
      },
    ]);
    const rows = rowsOf(schema.tables[0], T0_US, [0, 0, 0], [1, Number.NaN, 3]);
    rows.columns[0].values = ['P', 'R', 'D'];
    rows.columns[1].qualityRows.push(2);
    rows.columns[1].qualityCodes.push(1);
    const { store, reader } = memoryHistory();
    store.store([entryOf(1, { schema, tables: [rows] })]);
    expect(reader.signals('taxi-12')).toEqual([
      { name: 'Gear', unit: '', numeric: false, latest: { timeMs: T0_MS + 2_000, value: 'D' } },
      { name: 'Level', unit: '%', numeric: true, latest: { timeMs: T0_MS, value: 1 } },
    ]);
    expect(reader.series('taxi-12', 'Gear', T0_MS, T0_MS + 60_000, 100)?.timesMs).toEqual([]);
    expect(reader.series('taxi-12', 'Level', T0_MS, T0_MS + 60_000, 100)?.mean).toEqual([1]);
  });

  it('what was never reported is unknown', () => {
    const { store, reader } = memoryHistory();
    store.store(drive);
    expect(reader.signals('taxi-13')).toBeUndefined();
    expect(reader.series('taxi-12', 'Vehicle.Sped', 0, 1, 1)).toBeUndefined();
    expect(reader.track('taxi-13', 0, 1, 1)).toBeUndefined();
    expect(reader.events('taxi-13', 0, 1, 1)).toBeUndefined();
  });
});
