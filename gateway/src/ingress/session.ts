import type { IConnectPacket } from 'mqtt-packet';
import type { MessageKind } from '../ports.ts';
import type { Answer } from './ack-queue.ts';
import type { Budget } from './budget.ts';
import { PacketReader, type ProtocolVersion } from './codec.ts';
import { type Agreement, connackOf, type Identity, judgeConnect, protocolLevel, type Refusal } from './connect.ts';
import { PacketFramer } from './framer.ts';
import { CONNECT_BYTES_MAX, type IngressLimits } from './limits.ts';
import { OpenSession } from './open-session.ts';
import { Outbox } from './outbox.ts';
import {
  hexCode,
  KEEP_ALIVE_TIMEOUT,
  MALFORMED_PACKET,
  MqttError,
  PROTOCOL_ERROR,
  returnCodeOf,
  SERVER_SHUTTING_DOWN,
  UNSUPPORTED_PROTOCOL_VERSION,
} from './reasons.ts';

/** What a session tells whoever runs it. Called while one of its methods runs, never later. */
export interface SessionEvents {
  /** The client is known and served from here on; its CONNACK is not in the output yet. */
  opened(agreement: Agreement): void;
  /** A message for the acceptor. The answer comes back by `settle` with this token; at QoS 0 by `settleUnacknowledged`. */
  message(token: number, kind: MessageKind, qos: 0 | 1, payload: Buffer): void;
  /** Nothing more is read or acknowledged: write the output that is left, then close. Called once. */
  ended(detail: string): void;
  packetIn(type: string): void;
  /** `0x95`, or `handshake-timeout`. */
  refused(reason: string): void;
}

export interface SessionOptions {
  readonly limits: IngressLimits;
  readonly gatewayId: string;
  readonly identity: Identity;
  /** Shared by all sessions: packets that arrive in pieces. */
  readonly assembly: Budget;
}

/** Why a session is not read: the gateway's memory is used up, or the client does not take its output. */
export type Hold = 'memory' | 'output';

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * One client's MQTT session, 3.1.1 or 5, as a machine without socket, timer or clock: bytes, answers and time go in,
 * bytes (`takeOutput`) and events come out. Times are ms of any clock that never steps.
 */
export class MqttSession {
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #framer: PacketFramer;
  readonly #reader = new PacketReader();
  readonly #outbox = new Outbox();
  #phase: 'handshake' | 'open' | 'ended' = 'handshake';
  /** Set exactly while the phase is `open`. */
  #open: OpenSession | undefined;
  #deadlineMs: number;
  #held: Hold | undefined;
  #draining = false;

  constructor(options: SessionOptions, events: SessionEvents, nowMs: number) {
    this.#options = options;
    this.#events = events;
    this.#framer = new PacketFramer(Math.min(CONNECT_BYTES_MAX, options.limits.packetBytesMax), options.assembly);
    this.#deadlineMs = nowMs + options.limits.handshakeMs;
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** Messages without an answer. */
  get pending(): number {
    return this.#open?.pending ?? 0;
  }

  /** Whether the socket is not to be read: too much is under way, or `hold` was called, or the session is closing. */
  get blocked(): boolean {
    return this.#held !== undefined || this.#draining || this.#phase === 'ended' || (this.#open?.full ?? false);
  }

  get hasOutput(): boolean {
    return !this.#outbox.isEmpty;
  }

  /** Bytes to be written. */
  takeOutput(): Buffer | undefined {
    return this.#outbox.take();
  }

  /** When to call `expire`; undefined where silence is allowed. Moves later with every `receive`. */
  get wakeAtMs(): number | undefined {
    return this.#phase === 'ended' || this.#deadlineMs === Number.POSITIVE_INFINITY ? undefined : this.#deadlineMs;
  }

  /** Bytes from the client. Not while `blocked`; what is left of a chunk when it becomes so waits for `resume`. */
  receive(chunk: Uint8Array, nowMs: number): void {
    if (this.#phase === 'ended') return;
    this.#framer.push(chunk);
    this.resume(nowMs);
  }

  /** Goes on with bytes that were held back. Call it when `blocked` has become false. */
  resume(nowMs: number): void {
    this.#touch(nowMs);
    this.#guard(() => {
      while (!this.blocked) {
        const bytes = this.#framer.next();
        if (!bytes) return;
        if (this.#open) this.#packet(this.#open, bytes);
        else this.#connect(bytes, nowMs);
      }
    });
  }

  /** Stops reading for a reason outside of the session; undefined ends that. */
  hold(reason: Hold | undefined): void {
    this.#held = reason;
  }

  /** The answer to a QoS 1 message. After the session's end it is no harm. */
  settle(token: number, answer: Answer): void {
    this.#guard(() => this.#open?.settle(token, answer));
    this.#finishDraining();
  }

  /** A QoS 0 message of this many bytes has been dealt with. */
  settleUnacknowledged(payloadBytes: number): void {
    this.#open?.settleUnacknowledged(payloadBytes);
    this.#finishDraining();
  }

  /** Publishes on the unit's control topic, now or when it has subscribed. False where that is not possible. */
  control(payload: Uint8Array): boolean {
    return !this.#draining && (this.#open?.control(payload) ?? false);
  }

  /** Reads nothing more, answers what is under way, then says goodbye. */
  drain(): void {
    this.#draining = true;
    this.#finishDraining();
  }

  /** Call it at `wakeAtMs`. */
  expire(nowMs: number): void {
    if (this.#phase === 'ended' || nowMs < this.#deadlineMs) return;
    if (this.#phase === 'handshake') {
      this.#events.refused('handshake-timeout');
      this.#finish('no CONNECT came in time');
    } else if (this.blocked && this.#held !== 'output') {
      // While we do not read, silence is ours and not the client's; unless it is because the client does not read.
      this.#touch(nowMs);
    } else {
      this.#refuse(KEEP_ALIVE_TIMEOUT, 'nothing came for one and a half keep alives');
    }
  }

  /** Ends the session from our side: DISCONNECT with the reason (MQTT 5 §3.14), which 3.1.1 cannot say. */
  end(code: number, detail: string): void {
    if (this.#phase === 'ended') return;
    if (this.#open?.agreement.version === 5) {
      const disconnect = { cmd: 'disconnect', reasonCode: code } as const;
      if (!this.#open.send({ ...disconnect, properties: { reasonString: detail } })) this.#open.send(disconnect);
    }
    this.#finish(`${detail} (${hexCode(code)})`);
  }

  /** The socket is gone. */
  lost(detail: string): void {
    if (this.#phase !== 'ended') this.#finish(detail);
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#refuse(error.code, error.message);
    }
  }

  #refuse(code: number, detail: string): void {
    this.#events.refused(hexCode(code));
    this.end(code, detail);
  }

  #finish(detail: string): void {
    this.#phase = 'ended';
    this.#open = undefined;
    this.#framer.clear();
    this.#events.ended(detail);
  }

  #finishDraining(): void {
    if (this.#draining && this.pending === 0) this.end(SERVER_SHUTTING_DOWN, 'the gateway is stopping');
  }

  /** Any bytes are a sign of life, not only whole packets: a large one may take a slow link longer than the keep alive. */
  #touch(nowMs: number): void {
    if (!this.#open) return;
    const { keepAliveSeconds } = this.#open.agreement;
    this.#deadlineMs = keepAliveSeconds === 0 ? Number.POSITIVE_INFINITY : nowMs + keepAliveSeconds * 1500;
  }

  #packet(open: OpenSession, bytes: Buffer): void {
    const packet = this.#reader.read(bytes);
    this.#events.packetIn(packet.cmd);
    const left = open.handle(packet);
    if (left !== undefined) this.#finish(left);
  }

  #connect(bytes: Buffer, nowMs: number): void {
    if (bytes[0] >> 4 !== 1) throw new MqttError(PROTOCOL_ERROR, 'the first packet is no CONNECT');
    const protocol = protocolLevel(bytes);
    if (!protocol) throw new MqttError(MALFORMED_PACKET, 'a CONNECT without protocol name and level');
    const { name, level } = protocol;
    if (name !== 'MQTT' || (level !== 4 && level !== 5)) {
      this.#reject(4, { code: UNSUPPORTED_PROTOCOL_VERSION, reason: 'MQTT 3.1.1 and 5 are served' });
      return;
    }
    const packet = this.#reader.read(bytes) as IConnectPacket;
    this.#events.packetIn(packet.cmd);
    const agreement = judgeConnect(packet, level, this.#options.identity);
    if ('code' in agreement) this.#reject(level, agreement);
    else this.#accept(packet, agreement, nowMs);
  }

  #accept(packet: IConnectPacket, agreement: Agreement, nowMs: number): void {
    const { limits, gatewayId } = this.#options;
    const open = new OpenSession(agreement, limits, this.#outbox, this.#events);
    this.#framer.packetBytesMax = limits.packetBytesMax;
    this.#phase = 'open';
    this.#open = open;
    this.#touch(nowMs);
    this.#events.opened(agreement);
    if (!open.send(connackOf(packet, agreement, limits, gatewayId)))
      throw new MqttError(PROTOCOL_ERROR, 'the client takes no packet as large as CONNACK');
  }

  #reject(version: ProtocolVersion, { code, reason }: Refusal): void {
    this.#events.refused(hexCode(code));
    const connack = { cmd: 'connack', sessionPresent: false } as const;
    if (version === 4) this.#outbox.packet({ ...connack, returnCode: returnCodeOf(code) }, 4, NO_LIMIT);
    else this.#outbox.packet({ ...connack, reasonCode: code, properties: { reasonString: reason } }, 5, NO_LIMIT);
    this.#finish(`refused: ${reason} (${hexCode(code)})`);
  }
}
