import { describe, expect, it } from 'vitest';
import {
  digitsOf,
  formatBytes,
  formatDuration,
  formatNumber,
  prettyUnit,
  sentence,
  splitName,
  utcTime,
  withUnit,
} from '../src/format.ts';
import { decodeView, encodeView, SIGNALS_MAX, type View } from '../src/hash.ts';
import { barParts } from '../src/views/ledger.ts';
import { placeAt, trackLines } from '../src/views/map-tracks.ts';
import { plotColumns } from '../src/views/plot-data.ts';
import { stepPath } from '../src/views/sparkline.ts';

describe('words for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [49_410, '49 kB'],
    [999_600, '1.0 MB'],
    [4_294_967_296, '4.3 GB'],
  ])('%d bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [-5000, '0 s'],
    [59_400, '59 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [3_599_000, '59 min'],
    [7_500_000, '2 h 5 min'],
    [97_200_000, '1 d 3 h'],
  ])('%d ms', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [90, 'celsius', '90 °C'],
    [14.12, 'V', '14.12 V'],
    [0.0312, 'm/s^2', '0.0312 m/s²'],
    [50.77638, 'degrees', '50.77638°'],
    [1305.5, 'rpm', '1,306 rpm'],
    [Number.NaN, '', 'not a number'],
    [1.5e15, 'Pa', '1.500e+15 Pa'],
  ])('%d %s', (value, unit, text) => {
    expect(withUnit(formatNumber(value, digitsOf(value, unit)), unit)).toBe(text);
  });

  it('a unit that it does not know stays as it is', () => expect(prettyUnit('furlong')).toBe('furlong'));
  it('names of events', () => expect(sentence('store-evicted')).toBe('Store evicted'));
  it('UTC', () => expect(utcTime(Date.UTC(2026, 10, 23, 4, 0, 59, 250))).toBe('2026-11-23 04:00:59.250 UTC'));
  it('names of signals', () => {
    expect(splitName('Vehicle.Speed')).toEqual({ path: 'Vehicle.', leaf: 'Speed' });
    expect(splitName('Vehicle.Cabin.Door')).toEqual({ path: 'Cabin.', leaf: 'Door' });
    expect(splitName('Speed')).toEqual({ path: '', leaf: 'Speed' });
  });
});

describe('the address', () => {
  const views: { name: string; view: View }[] = [
    { name: 'live', view: { vehicle: 'taxi 12/ä', signals: ['Vehicle.Speed', 'A&B=C'], span: { liveMs: 3_600_000 } } },
    { name: 'fixed', view: { vehicle: 'v', signals: [], span: { from: 1_000, to: 61_000 } } },
    { name: 'the page chooses', view: { vehicle: undefined, signals: undefined, span: { liveMs: 900_000 } } },
  ];
  it.each(views)('keeps a view: $name', ({ view }) => expect(decodeView(encodeView(view))).toEqual(view));

  it.each(['#span=9y', '#from=x&to=y', '#from=2026-01-02&to=2026-01-01', '#%%%', ''])(
    'leaves %s to the defaults',
    (hash) => expect(decodeView(hash).span).toEqual({ liveMs: 900_000 }),
  );
  it('bounds the plots', () => {
    const hash = `#${Array.from({ length: 50 }, (_, i) => `signal=s${i}`).join('&')}`;
    expect(decodeView(hash).signals).toHaveLength(SIGNALS_MAX);
  });
});

describe('drawing', () => {
  const series = {
    unit: '',
    stepMs: 0,
    timesMs: [0, 1000, 2000, 60_000, 61_000],
    min: [1, 1, 1, 1, 1],
    mean: [2, 2, 2, 2, 2],
    max: [3, 3, 3, 3, 3],
  };

  it('breaks a line where nothing arrived', () => {
    const [times, , , mean] = plotColumns(series);
    expect(mean).toEqual([2, 2, 2, null, 2, 2]);
    expect(times[3]).toBeGreaterThan(2000);
    expect(times[3]).toBeLessThan(60_000);
  });

  const track = {
    timesMs: [0, 1000, 2000, 60_000, 61_000],
    latitudes: [1, 2, 3, 4, 5],
    longitudes: [10, 20, 30, 40, 50],
  };
  it('breaks a track there too', () => {
    expect(trackLines(track)).toEqual([
      [
        [10, 1],
        [20, 2],
        [30, 3],
      ],
      [
        [40, 4],
        [50, 5],
      ],
    ]);
  });
  it.each([
    [-1, [10, 1]],
    [1400, [20, 2]],
    [1600, [30, 3]],
    [99_999, [50, 5]],
  ])('finds the place at %d ms', (ms, place) => expect(placeAt(track, ms)).toEqual(place));

  it('one lost batch among many has a part of the bar', () => {
    const parts = barParts(
      [
        { from: 1, to: 99_999, state: 'accepted' },
        { from: 100_000, to: 100_000, state: 'gap', reason: 'evicted', detail: 'store full' },
      ],
      1,
      100_000,
    );
    expect(parts.map(({ title }) => title)).toEqual(['Accepted 1–99,999', 'Gap 100,000: evicted, store full']);
    expect(parts[1].left).toBeCloseTo(99.999);
  });

  it('a depth holds until the next is told', () => {
    const { line, max } = stepPath(
      [
        { timeMs: 0, batches: 0, bytes: 0 },
        { timeMs: 50, batches: 10, bytes: 0 },
      ],
      0,
      100,
    );
    expect(max).toBe(10);
    expect(line).toBe('M0.0 42.0H160.0V4.0H320');
  });
});
