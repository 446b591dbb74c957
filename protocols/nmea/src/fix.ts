import type { Satellite } from './satellites.ts';
import type { SentenceFix } from './sentences.ts';

/**
 * What a receiver said of one measurement epoch, from all its sentences. A field that it left out, or declared void, is
 * absent: never 0. There is a position where `latitudeDeg` is present; then `longitudeDeg` is too.
 *
 * Fields of the sentences: `latitudeDeg`, `longitudeDeg` (WGS 84, north and east positive), `altitudeMslM`,
 * `geoidSeparationM` (height above ellipsoid = altitude + separation), `speedMps` over ground, `courseDeg` over ground from
 * true north, `mode` (GSA: 1 none, 2 2D, 3 3D), `quality` (GGA field 6: 0 none, 1 GNSS, 2 differential, 4 RTK fixed, 5 RTK
 * float, 6 dead reckoning, 7 manual, 8 simulator), `modeIndicator` (A autonomous, D differential, E dead reckoning,
 * N not valid, …), `navigationStatus` (NMEA 4.1: S safe, C caution, U unsafe, V not given), `pdop`, `hdop`, `vdop`,
 * `satellitesUsed` (GNS where there is one: GGA counts GPS only, or at most 12), `horizontalAccuracyM` and
 * `verticalAccuracyM` (GST, one standard deviation).
 */
export interface GnssFix extends SentenceFix {
  /** Capture: when the first sentence of the epoch was complete, µs, on the clock given to `receive`. */
  readonly timeUs: number;
  /** The receiver's UTC, Unix µs; absent until it has sent time and date. Repaired where `weeksAdded` is not 0. */
  readonly utcUs?: number;
  /** Weeks that were added to undo a GPS week rollover: see `repairRollover`. */
  readonly weeksAdded: number;
  /** In view; only from complete lists, so absent where a GSV was lost. */
  readonly satellites?: readonly Satellite[];
}

/** Adds what the sentence says to what is known; what it does not say stays. */
export function mergeFix(known: SentenceFix, said: SentenceFix): SentenceFix {
  const merged: Record<string, unknown> = { ...known };
  for (const [name, value] of Object.entries(said)) if (value !== undefined) merged[name] = value;
  return merged;
}
