/** A closed tour through a grid of streets, and where a vehicle is on it at any time: no state, so any span can be asked for. */

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly heading: number;
}

export interface Motion {
  /** Metres since time 0. */
  metres(seconds: number): number;
  /** m/s. */
  speed(seconds: number): number;
}

const METRES_PER_DEGREE = 111_320;

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Corners of a tour: blocks of about 250 m, around a centre, with the grid turned by some degrees. */
export function cityRoute(
  random: () => number,
  centre: { readonly latitude: number; readonly longitude: number },
): (metres: number) => Place {
  const corners: [east: number, north: number][] = [];
  const spokes = 7;
  for (let i = 0; i < spokes; i++) {
    const angle = (i / spokes) * 2 * Math.PI;
    const radius = 500 + random() * 900;
    const east = Math.round((Math.cos(angle) * radius) / 250) * 250;
    const north = Math.round((Math.sin(angle) * radius) / 180) * 180;
    const before = corners.at(-1);
    // Streets meet at right angles: from corner to corner by way of a third.
    if (before) corners.push(random() < 0.5 ? [east, before[1]] : [before[0], north]);
    corners.push([east, north]);
  }
  corners.push([corners[0][0], corners.at(-1)![1]]);
  return along(corners, centre, 0.3 + random() * 0.3);
}

function along(
  corners: readonly (readonly [number, number])[],
  centre: { readonly latitude: number; readonly longitude: number },
  turn: number,
): (metres: number) => Place {
  const legs = corners
    .map((from, i) => {
      const to = corners[(i + 1) % corners.length];
      return { from, to, length: Math.hypot(to[0] - from[0], to[1] - from[1]) };
    })
    .filter(({ length }) => length > 0);
  const total = legs.reduce((sum, { length }) => sum + length, 0);
  const metresPerDegreeEast = METRES_PER_DEGREE * Math.cos((centre.latitude * Math.PI) / 180);
  return (metres) => {
    let rest = ((metres % total) + total) % total;
    let at = 0;
    while (at + 1 < legs.length && rest >= legs[at].length) rest -= legs[at++].length;
    const leg = legs[at];
    const share = rest / leg.length;
    const x = leg.from[0] + (leg.to[0] - leg.from[0]) * share;
    const y = leg.from[1] + (leg.to[1] - leg.from[1]) * share;
    const east = x * Math.cos(turn) - y * Math.sin(turn);
    const north = x * Math.sin(turn) + y * Math.cos(turn);
    const direction = Math.atan2(leg.to[0] - leg.from[0], leg.to[1] - leg.from[1]) - turn;
    return {
      latitude: centre.latitude + north / METRES_PER_DEGREE,
      longitude: centre.longitude + east / metresPerDegreeEast,
      heading: ((direction * 180) / Math.PI + 360) % 360,
    };
  };
}

/** Stop and go as a sum of waves: the speed is the derivative of the distance, and never negative. */
export function cityMotion(random: () => number, metresPerSecondMean: number): Motion {
  const waves = [0.55, 0.3, 0.13].map((share, i) => ({
    share,
    omega: (2 * Math.PI) / (35 * 2.3 ** i + random() * 20),
    phase: random() * 2 * Math.PI,
  }));
  return {
    metres: (s) =>
      metresPerSecondMean *
      (s + waves.reduce((sum, { share, omega, phase }) => sum + (share / omega) * Math.sin(omega * s + phase), 0)),
    speed: (s) =>
      metresPerSecondMean *
      (1 + waves.reduce((sum, { share, omega, phase }) => sum + share * Math.cos(omega * s + phase), 0)),
  };
}
