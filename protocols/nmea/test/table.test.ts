import { QUALITY_ABSENT, QUALITY_ERROR, Rows } from '@iot/wire';
import { describe, expect, it } from 'vitest';
import { appendFix, type GnssFix, gnssTable } from '../src/index.ts';

const def = gnssTable('gnss0');
const at = (name: string): number => def.signals.findIndex((signal) => signal.name === name);

function rowsOf(...fixes: GnssFix[]): Rows {
  const rows = new Rows(def, 1);
  for (const fix of fixes) appendFix(rows, fix);
  return rows;
}

describe('Gnss table', () => {
  const full: GnssFix = {
    timeUs: 5_000_000,
    weeksAdded: 0,
    latitudeDeg: -38.110494,
    longitudeDeg: -179.9999999,
    altitudeMslM: -14.1,
    courseDeg: 359.99,
    speedMps: 12.3456,
    horizontalAccuracyM: 2.14,
    verticalAccuracyM: 2.2,
    mode: 3,
    quality: 2,
    hdop: 0.54,
    satellitesUsed: 12,
    satellites: [{ system: 'GPS', id: 5 }],
  };

  it('is named by the receiver and holds VSS names once each', () => {
    expect(def).toMatchObject({ name: 'Gnss', bus: 'gnss0' });
    expect(new Set(def.signals.map((signal) => signal.name)).size).toBe(def.signals.length);
    expect(def.signals.every((signal) => !('read' in signal))).toBe(true);
  });

  it('holds a fix to half a step of its scale', () => {
    const rows = rowsOf(full);
    const value = (name: string): number | undefined => rows.physical(0, at(name));
    expect(rows.times[0]).toBe(5_000_000);
    expect(value('Vehicle.CurrentLocation.Latitude')).toBeCloseTo(-38.110494, 9);
    expect(value('Vehicle.CurrentLocation.Longitude')).toBeCloseTo(-179.9999999, 9);
    expect(value('Vehicle.CurrentLocation.Altitude')).toBeCloseTo(-14.1, 9);
    expect(value('Vehicle.CurrentLocation.Heading')).toBeCloseTo(359.99, 9);
    expect(value('Vehicle.CurrentLocation.HorizontalAccuracy')).toBeCloseTo(2.14, 9);
    expect(value('Vehicle.CurrentLocation.VerticalAccuracy')).toBeCloseTo(2.2, 9);
    expect(value('Gnss.Speed')).toBeCloseTo(12.346, 9);
    expect(value('Gnss.Quality')).toBe(2);
    expect(value('Gnss.Hdop')).toBeCloseTo(0.54, 9);
    expect(value('Gnss.SatellitesUsed')).toBe(12);
    expect(value('Gnss.SatellitesInView')).toBe(1);
    expect(rows.columns[at('Vehicle.CurrentLocation.GNSSReceiver.FixType')].values[0]).toBe('THREE_D');
    expect(rows.columns.flatMap((column) => column.qualityRows)).toEqual([]);
  });

  it('what a fix does not say is absent, also in rows that were used before', () => {
    const rows = rowsOf(full, { timeUs: 1, weeksAdded: 0 }, full);
    rows.clear();
    appendFix(rows, { timeUs: 6_000_000, weeksAdded: 0 });
    for (const column of rows.columns) {
      expect(column.qualityRows).toEqual([0]);
      expect(column.qualityCodes).toEqual([QUALITY_ABSENT]);
      expect(column.values[0]).toBe(column.type === 'text' ? '' : 0);
    }
  });

  it('what its column cannot hold is an error, not another number', () => {
    const rows = rowsOf({ timeUs: 1, weeksAdded: 0, altitudeMslM: 1e9 });
    expect(rows.columns[at('Vehicle.CurrentLocation.Altitude')]).toMatchObject({
      qualityCodes: [QUALITY_ERROR],
      values: Int32Array.of(0),
    });
  });
});
