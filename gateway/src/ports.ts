import type { BatchHead, DecodedBatch, Lane, Statement } from '@iot/batch';

/** What the gateway asks of the outside. Only gateway.ts knows which implementation stands behind each. */

export interface Clock {
  /** Unix ms. */
  nowMs(): number;
  setTimer(delayMs: number, run: () => void): () => void;
}

/** What the gateway says to a message. Each ingress puts it in its protocol's own words. */
export type Verdict =
  /** Durable by the acknowledgement rule in force, or known already with the same digest. */
  | { readonly kind: 'accepted'; readonly duplicate: boolean }
  /** Can never be accepted. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** Another batch of the same identity was accepted before. */
  | { readonly kind: 'conflict' }
  /** The batch may be fine, but its schema was never sent here. */
  | { readonly kind: 'schema-unknown'; readonly hash: string }
  /** Not now (spool full, Kafka away, stopping): keep it and back off. */
  | { readonly kind: 'later'; readonly detail: string };

export type MessageKind = 'batch' | 'schema' | 'statement';

/**
 * Takes what units publish. The unit's name is authenticated by the ingress. `payload` may be a view into a
 * buffer that is used again: the acceptor copies what outlives the call's synchronous part.
 */
export interface Acceptor {
  accept(kind: MessageKind, unit: string, payload: Uint8Array): Promise<Verdict>;
  /** A protocol without refusals (MQTT 3.1.1): the message is kept in the dead-letter queue, durably, then acknowledged. */
  deadLetter(kind: MessageKind, unit: string, payload: Uint8Array, detail: string): Promise<void>;
  connected(unit: string, session: { readonly protocol: string; readonly remote: string }): void;
  disconnected(unit: string, detail: string): void;
}

/** Something that listens for units. */
export interface Ingress {
  listen(): Promise<{ readonly addresses: readonly string[] }>;
  /** Publishes on the unit's control topic where it is connected; false where it is not. */
  control(unit: string, payload: Uint8Array): boolean;
  /** Stops accepting, answers what is under way, closes. */
  close(graceMs: number): Promise<void>;
}

/** An accepted batch on its way to the sinks. */
export interface SpoolEntry {
  /** Position in the spool: ascending, never reused. */
  readonly position: number;
  readonly head: BatchHead;
  readonly lane: Lane;
  /** Self-contained. */
  readonly bytes: Uint8Array;
  readonly acceptedMs: number;
}

/** Where the gateway delivers. Delivery is repeated after a failure or a crash: sinks are idempotent by identity, or carry it. */
export interface Sink {
  readonly name: string;
  /** Resolves when every entry is durable in the sink; rejects where none or not all are known to be. */
  deliver(entries: readonly SpoolEntry[]): Promise<void>;
  deliverStatement(unit: string, statement: Statement, bytes: Uint8Array): Promise<void>;
  health(): { readonly state: 'up' | 'down'; readonly detail?: string };
  close(): Promise<void>;
}

/** Something that live viewers want to know at once. */
export type LiveUpdate =
  | { readonly kind: 'batch'; readonly unit: string; readonly vehicle: string; readonly batch: DecodedBatch }
  | { readonly kind: 'link'; readonly unit: string; readonly up: boolean; readonly detail: string }
  | { readonly kind: 'ledger'; readonly unit: string }
  /** A unit said how much its store holds that no gateway has accepted. */
  | { readonly kind: 'depth'; readonly unit: string; readonly depth: Statement['depth'] };
