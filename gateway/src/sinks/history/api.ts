import type { ConsoleData } from '../../console/data.ts';

/** What the embedded history answers, in the console's own shapes. Values are physical, times those of the readings. */
export type HistoryQueries = Pick<ConsoleData, 'vehicles' | 'signals' | 'series' | 'track' | 'events'>;

export interface HistoryOptions {
  /** Path of the database file. */
  readonly path: string;
  /** How long a batch is kept after it was accepted, ms. */
  readonly retainMs: number;
  /** Bytes of the database in use at which the oldest batches go. */
  readonly bytesMax: number;
}

/** An accepted batch for the history to keep. */
export interface HistoryEntry {
  /** Self-contained. */
  readonly bytes: Uint8Array;
  /** Gateway clock, Unix ms. */
  readonly acceptedMs: number;
}

/** How full the history is. */
export interface HistorySize {
  readonly batches: number;
  /** Of the file that are in use: what goes makes room within it. */
  readonly bytes: number;
}

export interface StoredCount {
  /** Batches that were not there before. */
  readonly stored: number;
  /** Of which so many have a body that does not decode: they are kept and counted, and answer nothing. */
  readonly unreadable: number;
}
