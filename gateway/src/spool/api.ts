import type { Lane } from '@iot/batch';
import type { Account } from '../ledger/account.ts';
import type { LedgerBounds } from './ledger-rows.ts';

export interface SpoolBounds extends LedgerBounds {
  /** Bodies that wait for a sink. Beyond it batches are told `later`. */
  readonly bytesMax: number;
  /** Room on the disk that is left to others. */
  readonly freeBytesMin: number;
  readonly deadLetterBytesMax: number;
  readonly schemasPerUnit: number;
}

export const SPOOL_BOUNDS: SpoolBounds = {
  bytesMax: 8 * 1024 ** 3,
  freeBytesMin: 256 * 1024 ** 2,
  deadLetterBytesMax: 16 * 1024 ** 2,
  schemasPerUnit: 64,
  digestsPerEpoch: 8192,
  epochsPerUnit: 256,
};

/** A spool entry as it is stored; its head is in its bytes. */
export interface StoredEntry {
  readonly position: number;
  readonly lane: Lane;
  readonly bytes: Uint8Array;
  readonly acceptedMs: number;
}

export interface HeardBytes {
  readonly bytes: Uint8Array;
  /** Gateway clock, Unix ms. */
  readonly heardMs: number;
}

/** A statement that a sink is owed. */
export interface OwedStatement extends HeardBytes {
  readonly epochId: number;
  readonly version: number;
  readonly unit: string;
}

/** What all statements together say of an epoch. */
export interface StatedAccount {
  readonly account: Account;
  /** The epoch that continues it. */
  readonly closedBy?: Uint8Array;
}

/** An epoch's rows, as the view folds them. */
export interface StoredEpoch {
  readonly unit: string;
  readonly epoch: Uint8Array;
  readonly vehicles: readonly string[];
  readonly accepted: readonly (readonly [number, number])[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly heard?: HeardBytes;
  readonly stated?: StatedAccount;
}

export interface DeadLetter {
  readonly id: number;
  readonly unit: string;
  readonly kind: string;
  readonly detail: string;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

export interface SinkStatus {
  readonly sink: string;
  readonly entries: number;
  /** When the oldest entry was accepted that it has not confirmed. */
  readonly oldestMs?: number;
}

export interface SpoolStatus {
  readonly entries: number;
  readonly bytes: number;
  readonly fileBytes: number;
  readonly deadLetters: number;
  readonly deadLetterBytes: number;
  readonly sinks: readonly SinkStatus[];
}

/** What became of a file that could not be trusted. */
export interface DamageReport {
  readonly detail: string;
  /** Where the damaged file lies now. */
  readonly setAside: string;
  readonly savedEntries: number;
  /** Entries that were accepted, were not with all sinks yet, and do not read: they left the ledger, so that units may send them again. */
  readonly lostEntries: number;
  readonly savedEpochs: number;
}
