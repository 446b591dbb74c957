import { generate, type Packet, parser } from 'mqtt-packet';
import { Budget } from '../../src/ingress/budget.ts';
import type { Agreement, Identity } from '../../src/ingress/connect.ts';
import type { IngressLimits } from '../../src/ingress/limits.ts';
import { MqttSession, type SessionEvents } from '../../src/ingress/session.ts';
import type { MessageKind } from '../../src/ports.ts';

export const LIMITS: IngressLimits = {
  connections: 100,
  receiveMaximum: 4,
  packetBytesMax: 4096,
  inflightBytesMax: 256 * 1024,
  handshakeMs: 10_000,
};

export interface TakenMessage {
  readonly token: number;
  readonly kind: MessageKind;
  readonly qos: 0 | 1;
  readonly payload: string;
}

/** A session with its events written down, and its output read back by mqtt-packet as a client would. */
export class Bench implements SessionEvents {
  readonly session: MqttSession;
  readonly assembly: Budget;
  readonly messages: TakenMessage[] = [];
  readonly refusals: string[] = [];
  readonly packetTypes: string[] = [];
  agreement: Agreement | undefined;
  endDetail: string | undefined;
  nowMs = 0;
  version: 4 | 5 = 5;

  constructor(limits: Partial<IngressLimits> = {}, identity: Identity = { kind: 'none' }) {
    const merged = { ...LIMITS, ...limits };
    this.assembly = new Budget(merged.inflightBytesMax);
    this.session = new MqttSession({ limits: merged, gatewayId: 'gw-1', identity, assembly: this.assembly }, this, 0);
  }

  opened(agreement: Agreement): void {
    this.agreement = agreement;
  }

  message(token: number, kind: MessageKind, qos: 0 | 1, payload: Buffer): void {
    this.messages.push({ token, kind, qos, payload: payload.toString() });
  }

  ended(detail: string): void {
    this.endDetail = detail;
  }

  packetIn(type: string): void {
    this.packetTypes.push(type);
  }

  refused(reason: string): void {
    this.refusals.push(reason);
  }

  send(packet: Packet): void {
    this.bytes(generate(packet, { protocolVersion: this.version }));
  }

  bytes(bytes: Uint8Array): void {
    this.session.receive(bytes, this.nowMs);
  }

  hex(text: string): void {
    this.bytes(Buffer.from(text.replaceAll(' ', ''), 'hex'));
  }

  /** The packets that are in the output now. */
  output(): Packet[] {
    return packetsOf(this.session.takeOutput(), this.version);
  }

  outputHex(): string {
    return this.session.takeOutput()?.toString('hex') ?? '';
  }

  /** Connects as unit `u1` and forgets the CONNACK. */
  connect(version: 4 | 5 = 5, extra: Partial<Packet & { cmd: 'connect' }> = {}): this {
    this.version = version;
    this.send({ cmd: 'connect', protocolVersion: version, clientId: 'u1', clean: true, keepalive: 60, ...extra });
    this.session.takeOutput();
    return this;
  }

  publish(messageId: number, payload = 'x', extra: Partial<Packet & { cmd: 'publish' }> = {}): void {
    this.send({ ...publishPacket(messageId, payload), ...extra });
  }
}

export function publishPacket(messageId: number, payload = 'x', topic = 'odograph/1/u1/batch') {
  return { cmd: 'publish', qos: 1, dup: false, retain: false, topic, messageId, payload } as const;
}

export function packetsOf(bytes: Buffer | undefined, version: 4 | 5): Packet[] {
  const packets: Packet[] = [];
  if (!bytes) return packets;
  const reader = parser({ protocolVersion: version });
  reader.on('packet', (packet) => packets.push(packet));
  reader.on('error', (error) => {
    throw error;
  });
  reader.parse(bytes);
  return packets;
}
