import { seededRandom } from '../route.ts';

/**
 * A city made up for the simulation, laid where Hamburg lies: streets on a turned and uneven grid, wide ones every third
 * street, traffic lights where wide ones cross and at some other
 * corners, and a park without streets. No map data: everything follows from the seed.
 */

export interface Junction {
  /** Metres from the city's centre. */
  readonly eastM: number;
  readonly northM: number;
  /** Seconds by which its lights are behind those of the others; undefined where it has none. */
  readonly lightOffsetS: number | undefined;
  readonly streets: readonly Street[];
}

/** One direction of a street between two junctions. */
export interface Street {
  readonly from: number;
  readonly to: number;
  readonly lengthM: number;
  readonly limitMps: number;
  /** Clockwise from north, 0 to 360. */
  readonly headingDeg: number;
  readonly isWide: boolean;
  /** Which of the two phases of a light it has: 0 across, 1 along the grid. */
  readonly phase: 0 | 1;
}

export interface City {
  readonly junctions: readonly Junction[];
}

const COLUMNS = 17;
const ROWS = 15;
const BLOCK_EAST_M = 170;
const BLOCK_NORTH_M = 190;
const JITTER_M = 28;
const TURN_RAD = (18 * Math.PI) / 180;
const WIDE_EVERY = 3;
const WIDE_MPS = 50 / 3.6;
const NARROW_MPS = 30 / 3.6;

const CENTRE = { latitudeDeg: 53.5653, longitudeDeg: 10.0014 };
const METRES_PER_DEGREE = 111_320;

/** WGS 84 of a place in the city; flat, which is right to centimetres over these few kilometres. */
export function toWgs84(eastM: number, northM: number): { latitudeDeg: number; longitudeDeg: number } {
  const perDegreeEast = METRES_PER_DEGREE * Math.cos((CENTRE.latitudeDeg * Math.PI) / 180);
  return {
    latitudeDeg: CENTRE.latitudeDeg + northM / METRES_PER_DEGREE,
    longitudeDeg: CENTRE.longitudeDeg + eastM / perDegreeEast,
  };
}

export const LIGHT_CYCLE_S = 64;

/** Whether the light at a street's end lets it through: each phase has 26 s of green, then both wait for 6 s. */
export function isGreen(junction: Junction, street: Street, timeS: number): boolean {
  if (junction.lightOffsetS === undefined) return true;
  const at = (timeS + junction.lightOffsetS) % LIGHT_CYCLE_S;
  return street.phase === 0 ? at < 26 : at >= 32 && at < 58;
}

export function buildCity(seed: number): City {
  const random = seededRandom(seed);
  const places = Array.from({ length: COLUMNS * ROWS }, (_, i) =>
    placeOf(i % COLUMNS, Math.floor(i / COLUMNS), random),
  );
  const isPark = (column: number, row: number): boolean => Math.hypot(column - 5, (row - 9) * 1.3) < 1.5;
  const junctions = places.map((place, i) => {
    const column = i % COLUMNS;
    const row = Math.floor(i / COLUMNS);
    const wide = (column % WIDE_EVERY === 0 ? 1 : 0) + (row % WIDE_EVERY === 0 ? 1 : 0);
    const hasLight = wide === 2 || (wide === 1 && random() < 0.35);
    const lightOffsetS = hasLight ? random() * LIGHT_CYCLE_S : undefined;
    const streets: Street[] = [];
    const lay = (toColumn: number, toRow: number): void => {
      if (toColumn < 0 || toColumn >= COLUMNS || toRow < 0 || toRow >= ROWS) return;
      if (isPark(column, row) || isPark(toColumn, toRow)) return;
      const phase = toRow === row ? 0 : 1;
      const isWide = (phase === 0 ? row : column) % WIDE_EVERY === 0;
      const to = toRow * COLUMNS + toColumn;
      streets.push(streetBetween(i, place, to, places[to], phase, isWide));
    };
    lay(column + 1, row);
    lay(column - 1, row);
    lay(column, row + 1);
    lay(column, row - 1);
    return { ...place, lightOffsetS, streets };
  });
  return { junctions };
}

interface Place {
  readonly eastM: number;
  readonly northM: number;
}

function placeOf(column: number, row: number, random: () => number): Place {
  const x = (column - (COLUMNS - 1) / 2) * BLOCK_EAST_M + (random() * 2 - 1) * JITTER_M;
  const y = (row - (ROWS - 1) / 2) * BLOCK_NORTH_M + (random() * 2 - 1) * JITTER_M;
  return {
    eastM: x * Math.cos(TURN_RAD) - y * Math.sin(TURN_RAD),
    northM: x * Math.sin(TURN_RAD) + y * Math.cos(TURN_RAD),
  };
}

function streetBetween(from: number, a: Place, to: number, b: Place, phase: 0 | 1, isWide: boolean): Street {
  const limitMps = isWide ? WIDE_MPS : NARROW_MPS;
  const east = b.eastM - a.eastM;
  const north = b.northM - a.northM;
  const headingDeg = ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
  return { from, to, lengthM: Math.hypot(east, north), limitMps, isWide, headingDeg, phase };
}
