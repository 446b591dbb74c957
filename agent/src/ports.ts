import type { BatchEvent, EncodedBody, Lane, Schema, SeqRange, Statement } from '@iot/batch';
import type { FrameBlock } from '@iot/wire';

/** What the agent asks of the outside. Only agent.ts knows which implementation stands behind each. */

/** Boot-time clock (runs through suspend) and wall clock. Replaced by a simulated one in tests. */
export interface Clock {
  /** µs since boot, monotonic, suspend included. */
  bootUs(): number;
  /** Unix µs as the system believes; may be wrong or step. */
  wallUs(): number;
  /** 16 bytes that name this boot. */
  readonly bootId: Uint8Array;
  setTimer(delayMs: number, run: () => void): () => void;
}

export interface BusHealth {
  readonly state: 'up' | 'down' | 'error-passive' | 'bus-off';
  readonly received: number;
  readonly transmitted: number;
  /** Frames that the source says were lost before we saw them. */
  readonly overflowed: number;
  /** Why it is down, and what the driver does about it. */
  readonly detail?: string;
}

/** A bus that frames come from. Opened listen-only. Reconnects by itself; `health` says how it is. */
export interface CanBus {
  readonly name: string;
  /** Starts delivery. The block is the driver's: be done with it when the handler returns. */
  open(onFrames: (block: FrameBlock) => void): Promise<void>;
  health(): BusHealth;
  /** Resolves once the last frame has been delivered. */
  close(): Promise<void>;
  /** For sources that end (a recording): resolves at the end. Never resolves on a live bus. */
  readonly ended: Promise<void>;
  /** `boot`: frames carry the boot-time clock. `log`: they carry a recording's own Unix time. */
  readonly timeBase: 'boot' | 'log';
}

/** A stream of bytes from a receiver or dongle (serial port, TCP). Reconnects by itself. */
export interface ByteStream {
  readonly name: string;
  open(onBytes: (bytes: Uint8Array, bootUs: number) => void): Promise<void>;
  write(bytes: Uint8Array): Promise<void>;
  health(): { readonly state: 'up' | 'down'; readonly receivedBytes: number; readonly detail?: string };
  close(): Promise<void>;
  readonly ended: Promise<void>;
}

/** A batch as the agent hands it to its store: no seq, no digest, times on the capture clock. */
export interface NewBatch {
  readonly vehicle: string;
  readonly lane: Lane;
  readonly schema: Schema;
  readonly body: EncodedBody;
  /** Capture clock, µs: boot-time of `boot`, or Unix time of a recording where `boot` is undefined. */
  readonly t0Us: number;
  /** Capture time of the last reading, µs. */
  readonly endUs: number;
  readonly boot?: Uint8Array;
}

/** How capture times of one boot map to wall time, at the moment a batch is first offered. */
export interface ClockMapping {
  readonly boot: Uint8Array;
  readonly source: 'gnss' | 'ntp' | 'rtc';
  /** Unix µs = capture µs + offset. */
  readonly offsetUs: number;
  readonly uncertaintyUs: number;
}

/** A batch ready to send: the identity is fixed, the mapping is frozen, the bytes are final. */
export interface Offer {
  readonly seq: number;
  readonly lane: Lane;
  readonly schemaHash: string;
  /** The uplink form: schema by hash. */
  readonly bytes: Uint8Array;
}

export interface StoreDepth {
  readonly batches: number;
  readonly bytes: number;
  /** Batches that are accepted and kept until their space is needed. */
  readonly kept: number;
  /** Bytes of the database file, its log included. */
  readonly fileBytes: number;
}

/** What happened in the store that should become an event: `store-evicted`, `store-opened`, `journal-recovered`, … */
export type StoreNotice = Omit<BatchEvent, 'timeUs'>;

/**
 * The agent's queue of batches. All writes are group-committed with synchronous=FULL in a worker thread; a promise
 * resolves when the write is durable. The caller owns the rhythm: `commit` is called once per commit interval.
 */
export interface Store {
  /** Hex of the present epoch; changes on conflict. */
  readonly epoch: string;
  /** Resolves where the store ended by itself and every call rejects from then on. Pending for ever otherwise. */
  readonly failed: Promise<Error>;
  /**
   * One transaction: cut batches get the next seqs, and `journal` (the rows of the open batch since the last
   * commit, a body of their own) is added; cut batches empty the journal first. Evicts where room is needed. Rejects with
   * code `store/full` where the disk has no room and nothing may be evicted: nothing was written, and the next may succeed.
   */
  commit(cut: readonly NewBatch[], journal?: NewBatch): Promise<{ readonly seqs: readonly number[] }>;
  /**
   * The next batches to send, newest first within alert, live, backlog, none of `inFlight`. Freezes the mapping of those
   * that are offered for the first time: with the mapping of their boot; where there is none and `waitedOutUs` (boot-time of
   * the present boot) is past, or the lane is alert, or the boot is an earlier one, as clock source `none`.
   * What is in flight, by `inFlight` and what this call gives, is not evicted until it is answered or no longer named;
   * it is at most half of the store's room.
   */
  offer(request: {
    readonly limit: number;
    readonly lanes: readonly Lane[];
    readonly inFlight: readonly number[];
    readonly mappings: readonly ClockMapping[];
    /** Batches of the present boot that were cut before this boot time may go without a clock. */
    readonly waitedOutUs: number;
    readonly bytesMax: number;
  }): Promise<readonly Offer[]>;
  /** Live batches of this boot cut before this boot time become backlog; those of earlier starts and recordings did at open. */
  demote(beforeUs: number): Promise<void>;
  /**
   * Acknowledged by a gateway as durable. Kept until space is needed. Here and below, an answer to a seq that was not
   * offered in the present epoch is to another epoch's batch, and means nothing.
   */
  accepted(seqs: readonly number[]): Promise<void>;
  /** Can never be accepted: quarantined (bounded) and stated as a gap. */
  refused(seq: number, detail: string): Promise<void>;
  /** The gateway holds another batch of this identity: opens a new epoch and moves there what was not accepted. */
  conflict(seq: number): Promise<void>;
  /** Accepted batches in these ranges that are still kept become pending again. */
  resend(ranges: readonly SeqRange[]): Promise<{ readonly batches: number }>;
  /**
   * Past epochs take turns as `predecessor`, and windows over more than 1000 ranges take turns: a listener adds up what
   * statements say, and takes nothing from what one leaves out.
   */
  statement(timeUs?: number): Promise<Statement>;
  depth(): Promise<StoreDepth>;
  schema(hash: string): Promise<Uint8Array | undefined>;
  /** Whether this gateway has acknowledged the schema, so that it need not be sent again. */
  schemaKnown(gateway: string, hash: string): Promise<boolean>;
  setSchemaKnown(gateway: string, hash: string, known: boolean): Promise<void>;
  /** The notices since the last call; given again after a start where no commit followed that made their events durable. */
  takeNotices(): Promise<readonly StoreNotice[]>;
  close(): Promise<void>;
}

/** What came of a message that was sent. */
export type UplinkResult =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'schema-unknown' }
  /** Not now: keep it, back off. */
  | { readonly kind: 'later'; readonly detail: string }
  /** The connection ended before an answer came. */
  | { readonly kind: 'disconnected' };

export interface UplinkSession {
  /** Changes when the gateway's data directory is new: what it knew is gone. */
  readonly gateway: string;
  /** Messages that may be outstanding: the smaller of ours and the gateway's Receive Maximum. */
  readonly window: number;
  readonly packetBytesMax: number;
}

export type UplinkMessage = 'batch' | 'schema' | 'statement';

/** A connection to a gateway. Reconnects by itself with jittered back-off. */
export interface Uplink {
  open(handlers: {
    readonly onUp: (session: UplinkSession) => void;
    readonly onDown: (detail: string) => void;
    readonly onControl: (payload: Uint8Array) => void;
  }): void;
  /** At most `window` may be outstanding: the caller counts. */
  send(message: UplinkMessage, payload: Uint8Array): Promise<UplinkResult>;
  readonly state: { readonly up: boolean; readonly detail: string; readonly bytesSent: number };
  close(): Promise<void>;
}
