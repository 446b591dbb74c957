import { makeSchema } from '@iot/batch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Buckets } from '../../src/sinks/history/buckets.ts';
import { DECODED_SPAN_MS_MAX } from '../../src/sinks/history/queries.ts';
import { rowsOf, T0_US } from '../support/batches.ts';
import { entryOf, memoryHistory } from './support.ts';

const T0_MS = T0_US / 1000;
const MINUTE_MS = 60_000;
const SPEED = 'Vehicle.Speed';

describe('buckets', () => {
  const reading = fc.record({ timeMs: fc.integer({ min: -50, max: 1_050 }), value: fc.integer() });
  it('no extreme, no sum and no count is lost', () => {
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (readings, points) => {
        const buckets = new Buckets(0, 1_000, points);
        for (const { timeMs, value } of readings) buckets.addReading(timeMs, value);
        const { stepMs, timesMs, min, mean, max } = buckets.columns();
        const within = readings.filter(({ timeMs }) => timeMs >= 0 && timeMs <= 1_000);
        expect(timesMs.length).toBeLessThanOrEqual(points);
        expect(stepMs === 0).toBe(within.length <= points);
        const sorted = [...timesMs].sort((a, b) => a - b);
        expect(timesMs).toEqual(sorted);
        if (within.length === 0) return;
        expect(Math.min(...min)).toBe(Math.min(...within.map(({ value }) => value)));
        expect(Math.max(...max)).toBe(Math.max(...within.map(({ value }) => value)));
        for (let i = 0; i < mean.length; i++) {
          const margin = 1e-6 * Math.max(1, Math.abs(min[i]), Math.abs(max[i]));
          expect(mean[i]).toBeGreaterThanOrEqual(min[i] - margin);
          expect(mean[i]).toBeLessThanOrEqual(max[i] + margin);
        }
      }),
    );
  });
});

describe('series', () => {
  it('gives single readings where they fit, over batches that came in any order', () => {
    const { store, reader } = memoryHistory();
    store.store([entryOf(2, { t0Us: T0_US + 3_000_000, values: [40, 50] }), entryOf(1, { values: [10, 20, 30] })]);
    expect(reader.series('taxi-12', SPEED, T0_MS, T0_MS + 4_000, 10)).toEqual({
      unit: 'km/h',
      stepMs: 0,
      timesMs: [0, 1, 2, 3, 4].map((s) => T0_MS + s * 1_000),
      min: [1, 2, 3, 4, 5],
      mean: [1, 2, 3, 4, 5],
      max: [1, 2, 3, 4, 5],
    });
    expect(reader.series('taxi-12', SPEED, T0_MS + 1_000, T0_MS + 2_000, 10)?.mean).toEqual([2, 3]);
  });

  it('puts more readings than points into buckets', () => {
    const { store, reader } = memoryHistory();
    store.store([entryOf(1, { values: [10, 30, 20, 60] })]);
    const series = reader.series('taxi-12', SPEED, T0_MS, T0_MS + 4_000, 2);
    expect(series).toEqual({
      unit: 'km/h',
      stepMs: 2_000,
      timesMs: [T0_MS, T0_MS + 2_000],
      min: [1, 2],
      mean: [2, 4],
      max: [3, 6],
    });
  });

  it('a long span is answered by minutes, each once though batches share it', () => {
    const { store, reader } = memoryHistory();
    const t0Us = Math.ceil(T0_MS / MINUTE_MS) * MINUTE_MS * 1000;
    const fromMs = t0Us / 1000;
    store.store([
      entryOf(1, { t0Us, values: [10, 30] }),
      entryOf(2, { t0Us: t0Us + 30_000_000, values: [80] }),
      entryOf(3, { t0Us: t0Us + 180_000_000, values: [70] }),
    ]);
    const toMs = fromMs + DECODED_SPAN_MS_MAX + 1_000;
    expect(reader.series('taxi-12', SPEED, fromMs, toMs, 1_000)).toEqual({
      unit: 'km/h',
      stepMs: MINUTE_MS,
      timesMs: [fromMs, fromMs + 3 * MINUTE_MS],
      min: [1, 7],
      mean: [4, 7],
      max: [8, 7],
    });
  });
});

const GNSS = makeSchema([
  {
    name: 'gnss_pos',
    bus: 'can0',
    signals: ['Latitude', 'Longitude', 'PositionValid'].map((name) => ({
      name: `gnss_pos.${name}`,
      unit: '',
      type: 'float64' as const,
      scale: 1,
      offset: 0,
    })),
  },
]);
const fixOf = (seq: number, t0Us: number, ...columns: number[][]) =>
  entryOf(seq, { schema: GNSS, t0Us, tables: [rowsOf(GNSS.tables[0], t0Us, ...columns)] });

describe('track', () => {
  it('has what is a position: valid, on earth, of both coordinates', () => {
    const { store, reader } = memoryHistory();
    store.store([fixOf(1, T0_US, [52.1, 0, 99, 52.2, 52.3], [13.1, 0, 13, 13.2, 13.3], [1, 1, 1, 0, 1])]);
    expect(reader.track('taxi-12', T0_MS, T0_MS + 10_000, 100)).toEqual({
      timesMs: [T0_MS, T0_MS + 4_000],
      latitudes: [52.1, 52.3],
      longitudes: [13.1, 13.3],
    });
    expect(reader.vehicles()[0].position).toEqual({ timeMs: T0_MS + 4_000, latitude: 52.3, longitude: 13.3 });
  });

  it('keeps the last point of a second that two batches share, whichever comes first', () => {
    const later = fixOf(2, T0_US + 600_000, [52.2], [13.2], [1]);
    const earlier = fixOf(1, T0_US + 100_000, [52.1], [13.1], [1]);
    for (const order of [
      [later, earlier],
      [earlier, later],
    ]) {
      const { store, reader } = memoryHistory();
      store.store(order);
      expect(reader.track('taxi-12', T0_MS, T0_MS + 1_000, 9)?.latitudes).toEqual([52.2]);
    }
  });

  it('thins out to the points asked for', () => {
    const { store, reader } = memoryHistory();
    const degrees = Array.from({ length: 100 }, (_, i) => 1 + i / 1000);
    store.store([
      fixOf(
        1,
        T0_US,
        degrees,
        degrees,
        degrees.map(() => 1),
      ),
    ]);
    const track = reader.track('taxi-12', T0_MS, T0_MS + 99_000, 10);
    expect(track?.latitudes).toHaveLength(10);
    expect(track?.timesMs[1]).toBe(T0_MS + 10_000);
  });
});

it('events come newest first, at most as many as asked for', () => {
  const { store, reader } = memoryHistory();
  const events = [1, 2, 3].map((i) => ({
    timeUs: T0_US + i * 1e6,
    name: 'dtc-appeared',
    attributes: { code: `P${i}`, i, on: true },
  }));
  store.store([entryOf(1, { events })]);
  expect(reader.events('taxi-12', T0_MS, T0_MS + 2_000, 9)?.map(({ attributes }) => attributes)).toEqual([
    { code: 'P2', i: 2, on: true },
    { code: 'P1', i: 1, on: true },
  ]);
  expect(reader.events('taxi-12', T0_MS, T0_MS + 9_000, 1)).toEqual([
    { timeMs: T0_MS + 3_000, name: 'dtc-appeared', attributes: { code: 'P3', i: 3, on: true } },
  ]);
});
