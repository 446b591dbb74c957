import type { DecodedBatch } from '@iot/batch';
import type { Rows } from '@iot/wire';
import type { Position } from '../../console/data.ts';
import { eachReading } from './readings.ts';

/** Where positions are looked for, the best first: VSS names, then those of receivers that speak on a CAN bus. */
const PLACES = [
  {
    latitude: 'Vehicle.CurrentLocation.Latitude',
    longitude: 'Vehicle.CurrentLocation.Longitude',
    heading: 'Vehicle.CurrentLocation.Heading',
  },
  { latitude: 'gnss_pos.Latitude', longitude: 'gnss_pos.Longitude', valid: 'gnss_pos.PositionValid' },
] as const;

/** The positions of a batch, at most one a second, ascending. Rows without both coordinates are left out. */
export function positionsOf(batch: DecodedBatch): Position[] {
  for (const place of PLACES) {
    const bySecond = new Map<number, Position>();
    for (const rows of batch.tables)
      for (const position of positionsIn(rows, place)) bySecond.set(Math.floor(position.timeMs / 1000), position);
    if (bySecond.size > 0) return [...bySecond.values()].sort((a, b) => a.timeMs - b.timeMs);
  }
  return [];
}

function positionsIn(rows: Rows, place: (typeof PLACES)[number]): Position[] {
  const latitudes = numbersOf(rows, place.latitude);
  const longitudes = numbersOf(rows, place.longitude);
  if (!latitudes || !longitudes) return [];
  const headings = 'heading' in place ? numbersOf(rows, place.heading) : undefined;
  const valid = 'valid' in place ? numbersOf(rows, place.valid) : undefined;
  const positions: Position[] = [];
  for (const [timeUs, latitude] of latitudes) {
    const longitude = longitudes.get(timeUs);
    if (longitude === undefined || valid?.get(timeUs) === 0 || !isOnEarth(latitude, longitude)) continue;
    const heading = headings?.get(timeUs);
    positions.push({ timeMs: timeUs / 1000, latitude, longitude, ...(heading !== undefined && { heading }) });
  }
  return positions;
}

/** A signal's readings by time. Undefined where the table has no such signal. */
function numbersOf(rows: Rows, name: string): Map<number, number> | undefined {
  const signal = rows.def.signals.findIndex((def) => def.name === name && def.type !== 'text');
  if (signal < 0) return undefined;
  const numbers = new Map<number, number>();
  eachReading(rows, signal, (timeUs, value) => numbers.set(timeUs, value as number));
  return numbers;
}

/** (0, 0) is what receivers without a fix say, more often than any ship is there. */
function isOnEarth(latitude: number, longitude: number): boolean {
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && (latitude !== 0 || longitude !== 0);
}
