import type { IPublishPacket } from 'mqtt-packet';
import { AckQueue, type Answer } from './ack-queue.ts';
import type { Agreement } from './connect.ts';
import { connectionBytesMax, type IngressLimits, MESSAGE_OVERHEAD_BYTES, TOPIC_ALIAS_MAXIMUM } from './limits.ts';
import {
  MALFORMED_PACKET,
  MqttError,
  PROTOCOL_ERROR,
  QOS_NOT_SUPPORTED,
  RECEIVE_MAXIMUM_EXCEEDED,
  RETAIN_NOT_SUPPORTED,
  TOPIC_ALIAS_INVALID,
} from './reasons.ts';
import { type Destination, UnitTopics } from './topics.ts';

/** Token of a QoS 0 message: nothing waits in the queue for it. */
export const NO_ACK = -1;

/** What a client has published and not been answered yet, and the rules a PUBLISH must keep (§3.3). */
export class Inbound {
  readonly #version: number;
  readonly #limits: IngressLimits;
  readonly #topics: UnitTopics;
  readonly #bytesMax: number;
  /** Where aliases lead, not what they say: a client's long topics are not kept (§3.3.2.3.4). */
  readonly #aliases: (Destination | undefined)[] = [];
  readonly #acks = new AckQueue();
  #unacknowledged = 0;
  #bytes = 0;

  constructor(agreement: Agreement, limits: IngressLimits) {
    this.#version = agreement.version;
    this.#limits = limits;
    this.#topics = new UnitTopics(agreement.unit);
    this.#bytesMax = connectionBytesMax(limits);
  }

  /** Messages without an answer. */
  get pending(): number {
    return this.#acks.length + this.#unacknowledged;
  }

  /**
   * Whether no more may be read for now. A client of MQTT 5 was told its window, and is not stopped at it: its pings are
   * still read while it waits. One of 3.1.1 was not, and is.
   */
  get full(): boolean {
    const counted = this.#version === 5 ? this.#unacknowledged : this.pending;
    return counted >= this.#limits.receiveMaximum || this.#bytes >= this.#bytesMax;
  }

  /** Where a PUBLISH leads. Throws MqttError where it breaks the protocol or what CONNACK said. */
  check(packet: IPublishPacket): Destination {
    if (packet.qos === 2) throw new MqttError(QOS_NOT_SUPPORTED, 'the maximum QoS is 1');
    if (packet.qos === 0 && packet.dup) throw new MqttError(MALFORMED_PACKET, 'DUP is set at QoS 0');
    if (packet.qos === 1) {
      if (!(packet.messageId! > 0)) throw new MqttError(PROTOCOL_ERROR, 'the packet identifier is missing or 0');
      if (this.#version === 5 && this.#acks.length >= this.#limits.receiveMaximum)
        throw new MqttError(
          RECEIVE_MAXIMUM_EXCEEDED,
          `more than ${this.#limits.receiveMaximum} messages are unacknowledged`,
        );
    }
    if (this.#version === 4) return this.#topics.destination(packet.topic);
    if (packet.retain) throw new MqttError(RETAIN_NOT_SUPPORTED, 'nothing is retained');
    return this.#resolve(packet);
  }

  /** Takes a message in; the token names it to `settle`. */
  add(packet: IPublishPacket, payloadBytes: number): number {
    const bytes = payloadBytes + MESSAGE_OVERHEAD_BYTES;
    this.#bytes += bytes;
    if (packet.qos === 1) return this.#acks.add(packet.messageId!, bytes);
    this.#unacknowledged++;
    return NO_ACK;
  }

  /** A QoS 0 message has been dealt with. */
  settleUnacknowledged(payloadBytes: number): void {
    this.#unacknowledged--;
    this.#bytes -= payloadBytes + MESSAGE_OVERHEAD_BYTES;
  }

  settle(token: number, answer: Answer): void {
    this.#bytes -= this.#acks.settle(token, answer);
  }

  /** The next answer that may go out, in the order of arrival. */
  get ready(): AckQueue['ready'] {
    return this.#acks.ready;
  }

  shift(): void {
    this.#acks.shift();
  }

  #resolve({ topic, properties }: IPublishPacket): Destination {
    if (properties?.subscriptionIdentifier !== undefined)
      throw new MqttError(PROTOCOL_ERROR, 'a client sends no subscription identifier');
    const alias = properties?.topicAlias;
    if (alias === undefined) {
      if (topic === '') throw new MqttError(PROTOCOL_ERROR, 'neither topic nor topic alias');
      return this.#topics.destination(topic);
    }
    // Sent twice it is an array, which no comparison holds for.
    if (!(alias >= 1 && alias <= TOPIC_ALIAS_MAXIMUM))
      throw new MqttError(TOPIC_ALIAS_INVALID, `topic aliases are 1 to ${TOPIC_ALIAS_MAXIMUM}`);
    if (topic !== '') {
      const destination = this.#topics.destination(topic);
      this.#aliases[alias] = destination;
      return destination;
    }
    const destination = this.#aliases[alias];
    if (!destination) throw new MqttError(PROTOCOL_ERROR, `topic alias ${alias} was not defined`);
    return destination;
  }
}
