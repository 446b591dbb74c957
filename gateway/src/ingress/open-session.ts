import type { IPublishPacket, ISubscribePacket, IUnsubscribePacket, Packet } from 'mqtt-packet';
import type { Answer } from './ack-queue.ts';
import type { Agreement } from './connect.ts';
import { ControlQueue } from './control-queue.ts';
import { Inbound, NO_ACK } from './inbound.ts';
import type { IngressLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import {
  hexCode,
  MALFORMED_PACKET,
  MqttError,
  NO_SUBSCRIPTION_EXISTED,
  PROTOCOL_ERROR,
  QUOTA_EXCEEDED,
  SUCCESS,
} from './reasons.ts';
import type { SessionEvents } from './session.ts';
import { judgeSubscribe } from './subscriptions.ts';
import { controlTopic } from './topics.ts';

/** What happens between CONNACK and the end. Methods throw MqttError where the session must end. */
export class OpenSession {
  readonly agreement: Agreement;
  readonly #events: SessionEvents;
  readonly #outbox: Outbox;
  readonly #inbound: Inbound;
  readonly #control: ControlQueue;
  readonly #controlTopic: string;

  constructor(agreement: Agreement, limits: IngressLimits, outbox: Outbox, events: SessionEvents) {
    this.agreement = agreement;
    this.#events = events;
    this.#outbox = outbox;
    this.#inbound = new Inbound(agreement, limits);
    this.#controlTopic = controlTopic(agreement.unit);
    this.#control = new ControlQueue(this.#controlTopic, agreement.receiveMaximum);
  }

  /** Messages without an answer. */
  get pending(): number {
    return this.#inbound.pending;
  }

  /** Whether no more may be read for now. */
  get full(): boolean {
    return this.#inbound.full;
  }

  /** Acts on a packet. Returns why the client left, where it did. */
  handle(packet: Packet): string | undefined {
    switch (packet.cmd) {
      case 'publish':
        this.#publish(packet);
        return undefined;
      case 'puback':
        this.#control.acknowledged(packet.messageId!);
        this.#sendControl();
        return undefined;
      case 'pingreq':
        if (packet.length !== 0) throw new MqttError(MALFORMED_PACKET, 'a PINGREQ carries nothing');
        this.send({ cmd: 'pingresp' });
        return undefined;
      case 'subscribe':
        this.#subscribe(packet);
        return undefined;
      case 'unsubscribe':
        this.#unsubscribe(packet);
        return undefined;
      case 'disconnect':
        return packet.reasonCode ? `the unit left with ${hexCode(packet.reasonCode)}` : 'the unit left';
      default:
        throw new MqttError(PROTOCOL_ERROR, `${packet.cmd} is not expected here`);
    }
  }

  /** The answer to a QoS 1 message. */
  settle(token: number, answer: Answer): void {
    this.#inbound.settle(token, answer);
    this.#acknowledge();
  }

  settleUnacknowledged(payloadBytes: number): void {
    this.#inbound.settleUnacknowledged(payloadBytes);
  }

  /** Publishes on the control topic, now or when the unit has subscribed; false where there is no room. */
  control(payload: Uint8Array): boolean {
    if (!this.#control.add(payload)) return false;
    this.#sendControl();
    return true;
  }

  /** Puts a packet into the output; false where it is longer than the client takes. */
  send(packet: Packet): boolean {
    return this.#outbox.packet(packet, this.agreement.version, this.agreement.packetBytesMax);
  }

  #publish(packet: IPublishPacket): void {
    const destination = this.#inbound.check(packet);
    if (destination.kind !== undefined) {
      const payload = packet.payload as Buffer;
      const token = this.#inbound.add(packet, payload.length);
      this.#events.message(token, destination.kind, token === NO_ACK ? 0 : 1, payload);
    } else if (packet.qos === 1) {
      // In its turn: the acknowledgements of what came before go first.
      this.settle(this.#inbound.add(packet, 0), destination);
    } else {
      this.#events.refused(hexCode(destination.code));
    }
  }

  /** Sends the answers whose turn has come. */
  #acknowledge(): void {
    for (let ready = this.#inbound.ready; ready; ready = this.#inbound.ready) {
      const { messageId, answer } = ready;
      this.#inbound.shift();
      if (answer.control) this.control(answer.control);
      if (answer.code === SUCCESS) this.#outbox.puback(messageId);
      else this.#refuse(messageId, answer);
    }
  }

  /** MQTT 3.1.1 has no refusals: the client resends after the connection is closed [MQTT-3.1.1 §4.8]. */
  #refuse(messageId: number, answer: Answer): void {
    const { version, reasons } = this.agreement;
    if (version === 4) throw new MqttError(answer.code, answer.reason ?? 'a message was refused');
    this.#events.refused(hexCode(answer.code));
    const puback = { cmd: 'puback', messageId, reasonCode: answer.code } as const;
    const told = reasons && answer.reason && this.send({ ...puback, properties: { reasonString: answer.reason } });
    if (!told && !this.send(puback))
      throw new MqttError(PROTOCOL_ERROR, 'the client takes no packet as large as PUBACK');
  }

  #subscribe(packet: ISubscribePacket): void {
    const messageId = identifierOf(packet);
    if (packet.subscriptions.length === 0) throw new MqttError(PROTOCOL_ERROR, 'a SUBSCRIBE without a topic');
    const codes = judgeSubscribe(packet, this.#controlTopic);
    for (const code of codes) {
      if (code >= 0x80) this.#events.refused(hexCode(code));
      else this.#control.subscribe(code as 0 | 1);
    }
    const granted = this.agreement.version === 5 ? codes : codes.map((code) => Math.min(code, 0x80));
    this.#reply({ cmd: 'suback', messageId, granted });
    this.#sendControl();
  }

  #unsubscribe(packet: IUnsubscribePacket): void {
    const messageId = identifierOf(packet);
    if (packet.unsubscriptions.length === 0) throw new MqttError(PROTOCOL_ERROR, 'an UNSUBSCRIBE without a topic');
    const granted = packet.unsubscriptions.map((topic) => {
      if (topic !== this.#controlTopic || !this.#control.subscribed) return NO_SUBSCRIPTION_EXISTED;
      this.#control.subscribe(undefined);
      return SUCCESS;
    });
    this.#reply({ cmd: 'unsuback', messageId, granted });
  }

  #reply(packet: Packet): void {
    if (!this.send(packet)) throw new MqttError(QUOTA_EXCEEDED, 'the answer is longer than the client takes');
  }

  #sendControl(): void {
    for (let publish = this.#control.next(); publish; publish = this.#control.next()) {
      // A client that takes no such packet is spared it [MQTT-3.1.2-25]: it learns the same from what is refused next.
      if (!this.send(publish) && publish.messageId) this.#control.acknowledged(publish.messageId);
    }
  }
}

function identifierOf({ messageId }: { readonly messageId?: number }): number {
  if (!(messageId! > 0)) throw new MqttError(PROTOCOL_ERROR, 'the packet identifier is missing or 0');
  return messageId!;
}
