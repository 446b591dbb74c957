/** What one ingress grants its clients. Byte counts are of memory, packets of the wire. */
export interface IngressLimits {
  /** Sockets of one listener, those in their handshake included. */
  readonly connections: number;
  /** QoS 1 messages of one client that may be unacknowledged; advertised in MQTT 5. */
  readonly receiveMaximum: number;
  /** Largest packet, its fixed header included; advertised in MQTT 5. */
  readonly packetBytesMax: number;
  /** Payloads of all clients that wait for their verdict: beyond it no socket is read. */
  readonly inflightBytesMax: number;
  /** From the TCP connection to the CONNECT, TLS included, ms. */
  readonly handshakeMs: number;
}

/** Largest CONNECT: it comes from somebody who is not known yet. */
export const CONNECT_BYTES_MAX = 8 * 1024;
/** What a message costs besides its bytes: promises, closures, the place in the queue. */
export const MESSAGE_OVERHEAD_BYTES = 512;
/** Topic aliases a client may define (MQTT 5 §3.2.2.3.8). */
export const TOPIC_ALIAS_MAXIMUM = 16;
/** A client may not stay silent longer, s (MQTT 5 §3.2.2.3.14). */
export const KEEP_ALIVE_SECONDS_MAX = 600;
/** Control messages that wait for one unit: to subscribe, or to acknowledge earlier ones. */
export const CONTROL_QUEUE_MAX = 16;
export const CONTROL_QUEUE_BYTES_MAX = 64 * 1024;

/** What one connection may hold of `inflightBytesMax`, so that none starves the others. */
export function connectionBytesMax(limits: IngressLimits): number {
  return Math.max(2 * limits.packetBytesMax, Math.floor(limits.inflightBytesMax / 8));
}
