import type { SeqRange } from '@iot/batch';

/** What the judge looks at. Counts are the values of the counter signal that the simulated bus sends: 1, 2, 3, … */

export interface BatchRecord {
  /** Hex. */
  readonly epoch: string;
  readonly seq: number;
  /** Hex; undefined for a batch that was not offered when the store was read. */
  readonly digest: string | undefined;
  /** Hex, of the body's bytes. */
  readonly bodyHash: string;
  readonly counts: readonly number[];
}

/** What a store's file held when nobody had it open. */
export interface StoreContents {
  /** All epochs the file has known, hex, the present one last. */
  readonly epochs: readonly string[];
  /** Of the present epoch. */
  readonly nextSeq: number;
  /** Everything committed and not evicted, accepted or not, by seq. */
  readonly batches: readonly BatchRecord[];
  /** Counts that are durable in the journal, to become a batch at the next start. */
  readonly journaled: readonly number[];
}

/** One life of the agent that ended with SIGKILL, and the time until the next was ready. */
export interface Kill {
  readonly round: number;
  /** The store's file right after; of old batches those that changed last may be all it names. */
  readonly store: StoreContents;
  /** Newest count that was durable in it. */
  readonly durable: number;
  /** Newest count on the bus when the next life said that it was ready. */
  readonly sentAtReady: number;
  /** How long before the kill the oldest count that was not committed had been sent, ms; 0 where all were. */
  readonly lostSpanMs: number;
}

/** What a ledger says of one epoch: the part of `odograph-gateway ledger --json` that is judged. */
export interface LedgerEpoch {
  readonly epoch: string;
  readonly nextSeq: number;
  readonly accepted: readonly SeqRange[];
  readonly gaps: readonly object[];
  readonly notSeen: readonly SeqRange[];
  readonly missing: number;
}

export interface Evidence {
  readonly kills: readonly Kill[];
  /** Newest count on the bus when the first life of the agent was ready: none before it must arrive. */
  readonly sentAtFirstReady: number;
  /** Newest count of all. */
  readonly sentAtEnd: number;
  /** The store after the agent's orderly stop. */
  readonly final: StoreContents;
  /** Everything that a sink holds, in any order. */
  readonly sinks: readonly {
    readonly name: string;
    /** Kafka may hold a batch more than once: consumers take each identity once. The history may not. */
    readonly mayRepeat: boolean;
    readonly arrivals: readonly BatchRecord[];
  }[];
  readonly ledger: readonly LedgerEpoch[];
}
