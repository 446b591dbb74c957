import type { Server, Socket } from 'node:net';
import type { Logger } from '@iot/host';
import type { Acceptor, Clock, Ingress } from '../ports.ts';
import { Budget } from './budget.ts';
import type { Agreement, Identity } from './connect.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import type { IngressLimits } from './limits.ts';
import { addressOf, checkListener, type MqttListener, openListener } from './listener.ts';
import { type IngressMetrics, NO_METRICS } from './metrics.ts';
import { hexCode, SERVER_SHUTTING_DOWN, SESSION_TAKEN_OVER } from './reasons.ts';

export interface MqttIngressOptions {
  readonly listeners: readonly MqttListener[];
  readonly limits: IngressLimits;
  /** Id of this gateway's data directory, told to units in CONNACK. */
  readonly gatewayId: string;
  readonly acceptor: Acceptor;
  readonly clock: Clock;
  /** ms of a clock that never steps: a stepped one would end every session at once. */
  readonly monotonicMs?: () => number;
  readonly log: Logger;
  readonly metrics?: IngressMetrics;
}

/**
 * MQTT 3.1.1 and 5 for units, over TCP and mutual TLS. A message is acknowledged when the acceptor has answered, not
 * before. No general broker: README.md says what is served, and how the rest is refused.
 */
export class MqttIngress implements Ingress {
  readonly #options: MqttIngressOptions;
  readonly #metrics: IngressMetrics;
  readonly #context: ConnectionContext;
  readonly #inflight: Budget;
  readonly #servers: Server[] = [];
  /** Sockets of all listeners, those inside TLS's handshake included. */
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<Connection>();
  readonly #units = new Map<string, Connection>();
  #whenEmpty: (() => void) | undefined;
  #closing = false;

  /** Throws where a listener would let in units that nobody authenticated. */
  constructor(options: MqttIngressOptions) {
    for (const listener of options.listeners) checkListener(listener);
    this.#options = options;
    this.#metrics = options.metrics ?? NO_METRICS;
    this.#inflight = new Budget(options.limits.inflightBytesMax, (exhausted) => this.#onBudget(exhausted));
    const { limits, gatewayId, acceptor, clock, log } = options;
    this.#context = {
      limits,
      gatewayId,
      acceptor,
      clock,
      log,
      monotonicMs: options.monotonicMs ?? (() => performance.now()),
      metrics: this.#metrics,
      inflight: this.#inflight,
      assembly: new Budget(limits.inflightBytesMax),
      opened: (connection, agreement) => this.#opened(connection, agreement),
      ended: (connection, unit, detail) => this.#ended(connection, unit, detail),
      closed: (connection) => this.#closed(connection),
    };
  }

  /** What is open and under way, for metrics. */
  get state(): { readonly connections: number; readonly units: number; readonly inflightBytes: number } {
    return { connections: this.#connections.size, units: this.#units.size, inflightBytes: this.#inflight.used };
  }

  async listen(): Promise<{ readonly addresses: readonly string[] }> {
    const { limits, log, clock, listeners } = this.#options;
    const metrics = this.#metrics;
    const nowMs = (): number => clock.nowMs();
    const connected = (socket: Socket, identity: Identity): void => this.#connected(socket, identity);
    try {
      for (const listener of listeners) {
        const server = await openListener(listener, { limits, metrics, log, nowMs, connected });
        server.on('connection', (socket: Socket) => {
          this.#sockets.add(socket);
          socket.once('close', () => this.#sockets.delete(socket));
        });
        this.#servers.push(server);
      }
    } catch (error) {
      for (const server of this.#servers) server.close();
      throw error;
    }
    return { addresses: this.#servers.map((server, i) => addressOf(server, listeners[i])) };
  }

  control(unit: string, payload: Uint8Array): boolean {
    return this.#units.get(unit)?.control(payload) ?? false;
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const stopped = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const connection of [...this.#connections]) connection.drain();
    if (this.#connections.size === 0) this.#whenEmpty?.();
    const cancel = this.#options.clock.setTimer(graceMs, () => this.#giveUp());
    await empty;
    cancel();
    // Only clients that never finished TLS's handshake are left.
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(stopped);
  }

  /** The grace is over: what was not answered by now stays with the units. */
  #giveUp(): void {
    for (const connection of [...this.#connections]) connection.end(SERVER_SHUTTING_DOWN, 'the gateway is stopping');
  }

  #connected(socket: Socket, identity: Identity): void {
    if (this.#closing) {
      socket.destroy();
      return;
    }
    this.#connections.add(new Connection(socket, identity, this.#context));
    this.#metrics.connections(this.#connections.size);
  }

  #opened(connection: Connection, { unit, version }: Agreement): void {
    const earlier = this.#units.get(unit);
    if (earlier) {
      this.#metrics.refused(hexCode(SESSION_TAKEN_OVER));
      earlier.end(SESSION_TAKEN_OVER, 'the unit connected again');
    }
    this.#units.set(unit, connection);
    const protocol = version === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
    this.#options.acceptor.connected(unit, { protocol, remote: connection.remote });
  }

  #ended(connection: Connection, unit: string, detail: string): void {
    if (this.#units.get(unit) === connection) this.#units.delete(unit);
    this.#options.acceptor.disconnected(unit, detail);
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#metrics.connections(this.#connections.size);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #onBudget(exhausted: boolean): void {
    if (exhausted) this.#metrics.paused();
    for (const connection of this.#connections) connection.update();
  }
}
