import type { Lane } from '@iot/batch';
import type { MessageKind } from '../ports.ts';

/** What may go into a group commit. */
export type Write = BatchWrite | StatementWrite | SchemaWrite | DeadLetterWrite | ConfirmWrite | LostWrite | ToldWrite;

/** Accepts a batch: an entry for every sink, and its seq in the ledger. */
export interface BatchWrite {
  readonly kind: 'batch';
  readonly unit: string;
  readonly vehicle: string;
  readonly epoch: Uint8Array;
  readonly seq: number;
  /** Hex. */
  readonly digest: string;
  readonly lane: Lane;
  /** Self-contained. */
  readonly bytes: Uint8Array;
  readonly acceptedMs: number;
  /** The sink that holds it already (`ack: kafka`). */
  readonly confirmedBy?: string;
}

export interface StatementWrite {
  readonly kind: 'statement';
  readonly unit: string;
  readonly vehicle: string;
  readonly epoch: Uint8Array;
  readonly bytes: Uint8Array;
  readonly heardMs: number;
}

export interface SchemaWrite {
  readonly kind: 'schema';
  readonly unit: string;
  readonly hash: string;
  readonly bytes: Uint8Array;
}

export interface DeadLetterWrite {
  readonly kind: 'dead-letter';
  readonly unit: string;
  readonly message: MessageKind;
  readonly detail: string;
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** A sink holds these entries. What no other sink is owed leaves the spool. */
export interface ConfirmWrite {
  readonly kind: 'confirm';
  readonly sink: string;
  readonly positions: readonly number[];
}

/** Entries that turned out to be unreadable: they leave spool and ledger, so that the unit may send them again. */
export interface LostWrite {
  readonly kind: 'lost';
  readonly positions: readonly number[];
}

/** A sink holds this version of an epoch's statement; a newer one stays owed. */
export interface ToldWrite {
  readonly kind: 'told';
  readonly sink: string;
  readonly epochId: number;
  readonly version: number;
}

/** `stored` where it is durable; `duplicate` and `conflict` say what the ledger has; `full` where nothing was written for want of room. */
export type Outcome = 'stored' | 'duplicate' | 'conflict' | 'full';

/** What a seq is to the ledger before it is accepted. */
export type Standing = 'new' | 'duplicate' | 'conflict';

/** The bytes that a write brings into the file. */
export function bytesOfWrite(write: Write): number {
  return 'bytes' in write ? write.bytes.length : 0;
}
