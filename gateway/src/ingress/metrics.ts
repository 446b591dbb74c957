/** What the ingress counts. Methods are called on the hot path: they add to a number and return. */
export interface IngressMetrics {
  /** A control packet came in; `type` as in MQTT 5 §2.1.2, lower case: `publish`. */
  packetIn(type: string): void;
  bytesIn(bytes: number): void;
  bytesOut(bytes: number): void;
  /** Something was refused: an MQTT reason code such as `0x95`, or `tls-expired`, `connection-limit`, `handshake-timeout`. */
  refused(reason: string): void;
  /** All sockets were stopped because the bytes in flight reached their limit. */
  paused(): void;
  /** Connections now open, those that have not sent their CONNECT included. */
  connections(open: number): void;
}

export const NO_METRICS: IngressMetrics = {
  packetIn() {},
  bytesIn() {},
  bytesOut() {},
  refused() {},
  paused() {},
  connections() {},
};
