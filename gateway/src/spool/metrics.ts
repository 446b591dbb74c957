/** What the data plane between ingress and sinks counts. Called on the hot path: implementations add to a number and return. */
export interface DataPlaneMetrics {
  /** A message got its verdict: `accepted`, `duplicate`, `refused`, `conflict`, `schema-unknown`, `later`. */
  verdict(message: string, verdict: string): void;
  readings(count: number): void;
  /** A group commit, its writes, their bytes, and how long it took. */
  committed(writes: number, bytes: number, durationMs: number): void;
  /** Bytes that wait for a group commit. */
  commitQueueBytes(bytes: number): void;
  /** Bytes that wait for Kafka before they are acknowledged (`ack: kafka`). */
  withheldBytes(bytes: number): void;
  delivered(sink: string, entries: number, bytes: number): void;
  deliveryFailed(sink: string): void;
  /** Bytes that a sink is being given now. */
  deliveryBytes(sink: string, bytes: number): void;
  /** Entries that could not be read back, and left spool and ledger. */
  lost(entries: number): void;
}

export const NO_DATA_PLANE_METRICS: DataPlaneMetrics = {
  verdict() {},
  readings() {},
  committed() {},
  commitQueueBytes() {},
  withheldBytes() {},
  delivered() {},
  deliveryFailed() {},
  deliveryBytes() {},
  lost() {},
};
