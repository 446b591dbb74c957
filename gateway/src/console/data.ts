import type { EpochView } from '../ledger/view.ts';

/**
 * What the console asks of the gateway. Times are Unix ms unless a name says otherwise; vehicle times are those of
 * the readings, so a replayed recording keeps its own.
 */
export interface ConsoleData {
  vehicles(): Promise<readonly VehicleInfo[]>;
  /** Undefined for a vehicle that never reported. */
  signals(vehicle: string): Promise<readonly SignalInfo[] | undefined>;
  /** At most about `points` buckets over [from, to]. Undefined for an unknown vehicle or signal. */
  series(vehicle: string, signal: string, fromMs: number, toMs: number, points: number): Promise<Series | undefined>;
  track(vehicle: string, fromMs: number, toMs: number, points: number): Promise<Track | undefined>;
  /** Newest first, at most `limit`. */
  events(vehicle: string, fromMs: number, toMs: number, limit: number): Promise<readonly EventInfo[] | undefined>;
  units(): Promise<readonly UnitInfo[]>;
  unit(unit: string): Promise<UnitInfo | undefined>;
  /** Calls `listener` for everything that changes until the returned function is called. Must not throw into the source. */
  subscribe(listener: (update: ConsoleUpdate) => void): () => void;
}

export interface Position {
  readonly timeMs: number;
  /** WGS 84, degrees. */
  readonly latitude: number;
  readonly longitude: number;
  /** Degrees clockwise from true north. */
  readonly heading?: number;
}

export interface VehicleInfo {
  readonly vehicle: string;
  /** The unit that reported last for it. */
  readonly unit: string;
  /** Gateway clock: when the last batch came in. */
  readonly lastSeenMs?: number;
  /** Vehicle clock: its newest reading. */
  readonly lastReadingMs?: number;
  readonly position?: Position;
}

export interface SignalInfo {
  readonly name: string;
  /** Unit of measure as in its source, empty where it has none. */
  readonly unit: string;
  /** False for text, which has no plot. */
  readonly numeric: boolean;
  readonly latest?: { readonly timeMs: number; readonly value: number | string };
}

/** Buckets with readings only, ascending. `stepMs` is their width, 0 where each is a single reading. */
export interface Series {
  readonly unit: string;
  readonly stepMs: number;
  readonly timesMs: readonly number[];
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly max: readonly number[];
}

export interface Track {
  readonly timesMs: readonly number[];
  readonly latitudes: readonly number[];
  readonly longitudes: readonly number[];
}

export interface EventInfo {
  readonly timeMs: number;
  /** Kebab-case: `store-evicted`. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>;
}

/** Batches that a unit says it holds and no gateway has accepted. */
export interface Depth {
  readonly batches: number;
  readonly bytes: number;
  /** When the oldest of them was captured. */
  readonly oldestMs?: number;
  /** When the unit said so, or when this gateway last counted it down. */
  readonly atMs: number;
}

/** What of the ledger's answer for one epoch the console shows. */
export type LedgerView = Pick<
  EpochView,
  | 'epoch'
  | 'nextSeq'
  | 'accepted'
  | 'elsewhere'
  | 'notSeen'
  | 'gaps'
  | 'onTheWay'
  | 'missing'
  | 'statedMs'
  | 'closedBy'
  | 'words'
>;

export interface UnitInfo {
  readonly unit: string;
  readonly vehicle?: string;
  readonly connected: boolean;
  /** Address it is connected from. */
  readonly remote?: string;
  readonly protocol?: string;
  /** Since when it is connected, or not. */
  readonly sinceMs?: number;
  readonly depth?: Depth;
  /** Newest epoch first. */
  readonly ledger: readonly LedgerView[];
}

export interface LatestValue {
  readonly signal: string;
  readonly unit: string;
  readonly timeMs: number;
  readonly value: number | string;
}

export type ConsoleUpdate =
  | {
      readonly kind: 'readings';
      readonly vehicle: string;
      readonly unit: string;
      readonly values: readonly LatestValue[];
      readonly position?: Position;
      readonly events?: readonly EventInfo[];
    }
  | { readonly kind: 'link'; readonly unit: string; readonly connected: boolean; readonly detail: string }
  | { readonly kind: 'ledger'; readonly unit: string }
  | { readonly kind: 'depth'; readonly unit: string; readonly depth: Depth };
