import type { Rows, TableDef } from '@iot/wire';

/** A batch's urgency. Not part of identity or digest: it may change between offers. */
export type Lane = 'alert' | 'live' | 'backlog';

/**
 * How a batch's times came to be. With `none`, t0 is boot-time and `boot` says of which boot, so that a later
 * `clock` event can re-time the batch; otherwise t0 is Unix time. `log` is a recording's own time.
 */
export interface ClockStamp {
  readonly source: 'gnss' | 'ntp' | 'rtc' | 'log' | 'none';
  /** Standard uncertainty of t0, µs; 0 where the source is `log` or `none`. */
  readonly uncertaintyUs: number;
  /** 16 bytes, only with `none`. */
  readonly boot?: Uint8Array;
}

/** Identity of a batch: contiguous seq from 1 in a store of this epoch. */
export interface Identity {
  /** 16 random bytes. */
  readonly epoch: Uint8Array;
  readonly seq: number;
}

export interface BatchHeader extends Identity {
  readonly unit: string;
  /** What the unit was mounted in when the readings were captured. */
  readonly vehicle: string;
  readonly lane: Lane;
  readonly clock: ClockStamp;
  /** Time that the body's times count from, µs. */
  readonly t0Us: number;
}

/** Something that happened, with attributes. Names are kebab-case: `store-evicted`, `clock-stepped`. */
export interface BatchEvent {
  /** µs, on the same clock as the batch's t0. */
  readonly timeUs: number;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>;
}

/** Table definitions without data, named by the hash of their bytes. */
export interface Schema {
  /** Hex of the first 8 bytes of SHA-256 over `bytes`. */
  readonly hash: string;
  /** The canonical CBOR encoding. */
  readonly bytes: Uint8Array;
  readonly tables: readonly TableDef[];
}

/** The data of a batch before it is sealed. */
export interface EncodedBody {
  /** 0: CBOR. 1: raw DEFLATE of it. */
  readonly codec: number;
  readonly bytes: Uint8Array;
  /** Values in it whose quality is 0. */
  readonly readings: number;
}

/** What the walker reads without opening the body. */
export interface BatchHead extends BatchHeader {
  /** Hex, 8 bytes of SHA-256: see `sealBatch`. */
  readonly digest: string;
  readonly codec: number;
  /** Hex; for a self-contained batch the hash of the schema it carries. */
  readonly schemaHash: string;
  /** The schema's bytes where the batch is self-contained. A view into the batch. */
  readonly schemaBytes?: Uint8Array;
  /** View into the batch. */
  readonly body: Uint8Array;
}

export interface DecodedBatch {
  readonly head: BatchHead;
  readonly schema: Schema;
  /** Times are µs on the clock of head.clock (t0 added). Only tables that have rows. */
  readonly tables: readonly Rows[];
  readonly events: readonly BatchEvent[];
}

/** Why seqs will never arrive. */
export type GapReason = 'evicted' | 'refused' | 'corrupt' | 'tail-unknown';

/** Inclusive range of seqs. */
export type SeqRange = readonly [from: number, to: number];

export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason;
  /** For people: `store full`, `schema refused by gateway`. */
  readonly detail?: string;
}

/** What an agent says of its store, on connecting and every minute; outside the seq space. */
export interface Statement {
  readonly unit: string;
  /** The vehicle it is mounted in now. */
  readonly vehicle: string;
  readonly epoch: Uint8Array;
  /** The seq that the next batch will get: all numbers below it exist or existed. */
  readonly nextSeq: number;
  /** Ascending, disjoint, inclusive: what some gateway acknowledged. */
  readonly accepted: readonly SeqRange[];
  /** Ascending, disjoint. */
  readonly gaps: readonly Gap[];
  /** The epoch this store continues, with what is known of its end. Its gaps may be `tail-unknown`. */
  readonly predecessor?: {
    readonly epoch: Uint8Array;
    /** First seq of the old epoch of which this store knows nothing more. */
    readonly nextSeq: number;
    readonly accepted: readonly SeqRange[];
    readonly gaps: readonly Gap[];
  };
  /** Batches not yet accepted. */
  readonly depth: { readonly batches: number; readonly bytes: number; readonly oldestUs?: number };
  /** When it was made: Unix µs, or undefined without a clock. */
  readonly timeUs?: number;
}

/** What a gateway says to a unit on its control topic, outside of acknowledgements. */
export type Control =
  /** It holds batches of a schema it was never sent. */
  | { readonly kind: 'schema-wanted'; readonly hash: string }
  /** It lost these, and wants them again where they are still kept. */
  | { readonly kind: 'resend'; readonly epoch: Uint8Array; readonly ranges: readonly SeqRange[] }
  /** It holds another batch of this identity: the unit opens a new epoch. */
  | { readonly kind: 'conflict'; readonly epoch: Uint8Array; readonly seq: number }
  /** It can never accept this batch. */
  | { readonly kind: 'refused'; readonly epoch: Uint8Array; readonly seq: number; readonly detail: string };
