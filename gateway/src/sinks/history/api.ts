/** What people ask the embedded history. Times are Unix ms and those of the readings; values are physical. */
export interface History {
  vehicles(): Promise<readonly HistoryVehicle[]>;
  /** By name. Empty for a vehicle that never reported. */
  signals(vehicle: string): Promise<readonly HistorySignal[]>;
  /**
   * At most `points` buckets over [fromMs, toMs], those without readings left out. Short spans are decoded from the
   * batches; for long ones 60 s rollups answer. Tables that carry a signal of one name are merged. Text has no series.
   */
  series(vehicle: string, signal: string, fromMs: number, toMs: number, points: number): Promise<HistorySeries>;
  /** At most `points`, ascending, one per second at most, simplified so that the shape stays. */
  track(vehicle: string, fromMs: number, toMs: number, points: number): Promise<readonly TrackPoint[]>;
  /** Newest first, at most `limit`. */
  events(vehicle: string, fromMs: number, toMs: number, limit: number): Promise<readonly HistoryEvent[]>;
}

export interface HistoryVehicle {
  readonly vehicle: string;
  /** The units that reported for it, the one that did last first. */
  readonly units: readonly string[];
  /** First and last reading or event; NaN where all it has lacks a clock. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Gateway clock: when its newest batch was accepted. */
  readonly lastAcceptedMs: number;
  readonly readings: number;
  /** Of which so many are in batches without a clock: kept and counted, but at no known time. */
  readonly unclockedReadings: number;
  readonly position?: { readonly latitude: number; readonly longitude: number; readonly timeMs: number };
}

export interface HistorySignal {
  readonly name: string;
  /** Unit of measure as in its source, empty where it has none. */
  readonly unit: string;
  readonly table: string;
  readonly bus: string;
  /** J1939 source address, where it is part of what the table is. */
  readonly source?: number;
  readonly last: { readonly timeMs: number; readonly value: number | string };
}

/** Columns of one length, ascending in time: `t` is the start of a bucket, ms. */
export interface HistorySeries {
  /** Width of a bucket, ms. */
  readonly stepMs: number;
  readonly t: readonly number[];
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly mean: readonly number[];
}

/** Unix ms, WGS 84 degrees. */
export type TrackPoint = readonly [timeMs: number, latitude: number, longitude: number];

export interface HistoryEvent {
  readonly timeMs: number;
  /** Kebab-case: `store-evicted`. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>;
}
