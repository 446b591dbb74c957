import type { Socket } from 'node:net';
import type { Logger } from '@iot/host';
import type { Acceptor, Clock, MessageKind } from '../ports.ts';
import type { Answer } from './ack-queue.ts';
import type { Budget } from './budget.ts';
import type { Agreement, Identity } from './connect.ts';
import { judge, later } from './judge.ts';
import { type IngressLimits, MESSAGE_OVERHEAD_BYTES } from './limits.ts';
import type { IngressMetrics } from './metrics.ts';
import { MqttSession, type SessionEvents } from './session.ts';

/** How long a client may take to read the last bytes and close its side, ms. */
const LINGER_MS = 1_000;

/** What the connections of one ingress share. */
export interface ConnectionContext {
  readonly limits: IngressLimits;
  readonly gatewayId: string;
  readonly acceptor: Acceptor;
  readonly clock: Pick<Clock, 'setTimer'>;
  /** ms of a clock that never steps. */
  readonly monotonicMs: () => number;
  readonly metrics: IngressMetrics;
  readonly log: Logger;
  /** Payloads that wait for their verdict. */
  readonly inflight: Budget;
  /** Packets that arrive in pieces. */
  readonly assembly: Budget;
  /** A unit is known; it is served from here on. */
  readonly opened: (connection: Connection, agreement: Agreement) => void;
  /** A unit that was opened is served no more. */
  readonly ended: (connection: Connection, unit: string, detail: string) => void;
  readonly closed: (connection: Connection) => void;
}

/** A socket and its session: moves bytes between them, keeps its timer, and stops reading where the session says so. */
export class Connection implements SessionEvents {
  readonly remote: string;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #session: MqttSession;
  #agreement: Agreement | undefined;
  /** What was refused last, as metrics call it. */
  #refusal: string | undefined;
  #flushing = false;
  /** The socket's buffer is full: the client does not read. */
  #clogged = false;
  #lostDetail = 'the connection was lost';
  #cancelTimer: (() => void) | undefined;

  constructor(socket: Socket, identity: Identity, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    const { limits, gatewayId, assembly } = context;
    this.#session = new MqttSession({ limits, gatewayId, identity, assembly }, this, context.monotonicMs());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => {
      this.#clogged = false;
      this.update();
    });
    socket.on('error', (error) => {
      this.#lostDetail = `the connection was lost: ${error.message}`;
    });
    socket.on('close', () => this.#closed());
    this.#arm();
    this.update();
  }

  /** Publishes on the unit's control topic; false where that is not possible. */
  control(payload: Uint8Array): boolean {
    const taken = this.#session.control(payload);
    if (this.#session.hasOutput) this.#scheduleFlush();
    return taken;
  }

  /** Reads nothing more, answers what is under way, then closes. */
  drain(): void {
    this.#session.drain();
    this.update();
  }

  /** Ends the session with a reason code. */
  end(code: number, detail: string): void {
    this.#session.end(code, detail);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Brings the socket in line with its session: written to, read or not read. */
  update(): void {
    const session = this.#session;
    if (session.hasOutput) this.#scheduleFlush();
    if (session.ended) return;
    session.hold(this.#clogged ? 'output' : this.#context.inflight.exhausted ? 'memory' : undefined);
    if (!session.blocked && this.#socket.isPaused()) session.resume(this.#context.monotonicMs());
    if (session.ended) return;
    if (session.blocked) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    if (session.hasOutput) this.#scheduleFlush();
  }

  opened(agreement: Agreement): void {
    this.#agreement = agreement;
    // The keep alive may be due before the handshake would have been.
    this.#arm();
    this.#context.opened(this, agreement);
  }

  message(token: number, kind: MessageKind, qos: 0 | 1, payload: Buffer): void {
    const { acceptor, inflight, log } = this.#context;
    const agreement = this.#agreement!;
    const charge = payload.length + MESSAGE_OVERHEAD_BYTES;
    inflight.take(charge);
    const settle = (answer: Answer): void => {
      inflight.release(charge);
      if (qos === 1) this.#session.settle(token, answer);
      else this.#session.settleUnacknowledged(payload.length);
      this.update();
    };
    judge(acceptor, agreement, { kind, qos, payload }).then(settle, (error) => {
      log.error(
        { err: error, unit: agreement.unit },
        `a ${kind} could not be judged; the unit is told to send it again`,
      );
      settle(later('the gateway failed on this message'));
    });
  }

  ended(detail: string): void {
    const context = this.#context;
    const agreement = this.#agreement;
    this.#cancelTimer?.();
    if (!agreement && this.#refusal !== undefined)
      context.log.warn({ remote: this.remote, reason: this.#refusal, detail }, 'connection refused');
    else context.log.debug({ unit: agreement?.unit, remote: this.remote, detail }, 'session ended');
    if (agreement) context.ended(this, agreement.unit, detail);
    if (this.#socket.destroyed) return;
    this.#flush();
    this.#socket.end();
    // What the client still sends is read and thrown away: closing on unread bytes would reset the
    // connection, and take our last words from the client.
    this.#socket.resume();
    this.#cancelTimer = context.clock.setTimer(LINGER_MS, () => this.#socket.destroy());
  }

  packetIn(type: string): void {
    this.#context.metrics.packetIn(type);
  }

  refused(reason: string): void {
    this.#refusal = reason;
    this.#context.metrics.refused(reason);
  }

  #receive(chunk: Buffer): void {
    if (this.#session.ended) return;
    this.#context.metrics.bytesIn(chunk.length);
    this.#session.receive(chunk, this.#context.monotonicMs());
    this.update();
  }

  /** What one tick has to say goes out in one write. */
  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    const bytes = this.#session.takeOutput();
    if (!bytes) return;
    this.#context.metrics.bytesOut(bytes.length);
    if (this.#socket.write(bytes) || this.#clogged) return;
    this.#clogged = true;
    this.update();
  }

  #arm(): void {
    this.#cancelTimer?.();
    const { wakeAtMs } = this.#session;
    if (wakeAtMs === undefined) return;
    const { clock, monotonicMs } = this.#context;
    this.#cancelTimer = clock.setTimer(Math.max(1, Math.ceil(wakeAtMs - monotonicMs())), () => {
      this.#session.expire(monotonicMs());
      if (!this.#session.ended) this.#arm();
    });
  }

  #closed(): void {
    this.#session.lost(this.#lostDetail);
    this.#cancelTimer?.();
    this.#context.closed(this);
  }
}
