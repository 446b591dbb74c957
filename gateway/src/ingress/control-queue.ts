import type { IPublishPacket } from 'mqtt-packet';
import { CONTROL_QUEUE_BYTES_MAX, CONTROL_QUEUE_MAX } from './limits.ts';

/**
 * Control messages on their way to one unit: held until it has subscribed, and within its Receive Maximum
 * [MQTT-4.9.0-2]. Bounded: a message that finds no room is refused, and whoever sent it says it again later.
 */
export class ControlQueue {
  readonly #topic: string;
  readonly #receiveMaximum: number;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Packet identifiers that the unit has not acknowledged. */
  readonly #outstanding = new Set<number>();
  #lastId = 0;
  /** QoS that the unit's subscription was granted. */
  #granted: 0 | 1 | undefined;

  constructor(topic: string, receiveMaximum: number) {
    this.#topic = topic;
    this.#receiveMaximum = Math.min(receiveMaximum, CONTROL_QUEUE_MAX);
  }

  get subscribed(): boolean {
    return this.#granted !== undefined;
  }

  subscribe(qos: 0 | 1 | undefined): void {
    this.#granted = qos;
  }

  /** False where there is no room. */
  add(payload: Uint8Array): boolean {
    const full = this.#waiting.length === CONTROL_QUEUE_MAX;
    if (full || this.#waitingBytes + payload.length > CONTROL_QUEUE_BYTES_MAX) return false;
    // Copied: it may wait longer than its owner keeps it.
    this.#waiting.push(payload.slice());
    this.#waitingBytes += payload.length;
    return true;
  }

  /** The next message that may go out now. */
  next(): IPublishPacket | undefined {
    const qos = this.#granted;
    if (qos === undefined || this.#waiting.length === 0) return undefined;
    if (qos === 1 && this.#outstanding.size >= this.#receiveMaximum) return undefined;
    const payload = this.#waiting.shift()!;
    this.#waitingBytes -= payload.length;
    const publish = { cmd: 'publish', topic: this.#topic, dup: false, retain: false } as const;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    return qos === 0 ? { ...publish, qos, payload: bytes } : { ...publish, qos, payload: bytes, messageId: this.#id() };
  }

  /** The unit acknowledged, or the message could not be sent; identifiers that are not outstanding are no harm. */
  acknowledged(messageId: number): void {
    this.#outstanding.delete(messageId);
  }

  #id(): number {
    do this.#lastId = (this.#lastId % 65_535) + 1;
    while (this.#outstanding.has(this.#lastId));
    this.#outstanding.add(this.#lastId);
    return this.#lastId;
  }
}
