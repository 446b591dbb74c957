import { BackOff } from '@iot/host';
import { connect, ErrorWithReasonCode, type IClientOptions, type MqttClient } from 'mqtt';
import type { Clock, Uplink, UplinkMessage, UplinkResult, UplinkSession } from '../ports.ts';
import { explainError, explainSilence } from './explain.ts';

export interface MqttUplinkOptions {
  /** `mqtts://host:8883`, or `mqtt://` on loopback. */
  readonly address: string;
  readonly unit: string;
  /** PEM contents; undefined without TLS. */
  readonly tls: { readonly ca: Buffer; readonly certificate: Buffer; readonly key: Buffer } | undefined;
  /** Outstanding messages that we are ready to keep, whatever the gateway would take. */
  readonly windowMax: number;
  readonly keepAliveSeconds: number;
  readonly reconnectMs: { readonly first: number; readonly max: number };
  readonly clock: Clock;
  readonly random: () => number;
}

/** MQTT 5 §3.4.2.1 reason codes that the gateway answers with, and what they mean for the message. */
const REFUSED = 0x99;
const NOT_NOW = 0x97;
const IMPLEMENTATION_SPECIFIC = 0x83;

/** How long a close waits for answers. */
const GOODBYE_MS = 2_000;

/**
 * The uplink over MQTT 5. Every connection is a clean one with a client of its own: what was outstanding is the store's
 * to send again, never the library's, so that each message has one owner.
 */
export class MqttUplink implements Uplink {
  readonly #options: MqttUplinkOptions;
  readonly #backOff: BackOff;
  readonly #pending = new Set<(result: UplinkResult) => void>();
  #handlers: Parameters<Uplink['open']>[0] | undefined;
  #client: MqttClient | undefined;
  #cancelReconnect: (() => void) | undefined;
  #closed = false;
  #up = false;
  #detail = 'not connected yet';
  #bytesSent = 0;

  constructor(options: MqttUplinkOptions) {
    this.#options = options;
    this.#backOff = new BackOff({
      firstMs: options.reconnectMs.first,
      maxMs: options.reconnectMs.max,
      random: options.random,
    });
  }

  get state() {
    return { up: this.#up, detail: this.#detail, bytesSent: this.#bytesSent };
  }

  open(handlers: Parameters<Uplink['open']>[0]): void {
    this.#handlers = handlers;
    this.#connect();
  }

  send(message: UplinkMessage, payload: Uint8Array): Promise<UplinkResult> {
    const client = this.#client;
    if (!this.#up || !client) return Promise.resolve({ kind: 'disconnected' });
    return new Promise((resolve) => {
      const settle = (result: UplinkResult): void => {
        if (this.#pending.delete(settle)) resolve(result);
      };
      this.#pending.add(settle);
      const topic = `odograph/1/${this.#options.unit}/${message}`;
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      this.#bytesSent += bytes.length;
      client.publish(topic, bytes, { qos: 1 }, (error, packet) => {
        const answer = packet as { properties?: { reasonString?: string } } | undefined;
        settle(resultOf(error ?? undefined, answer?.properties?.reasonString));
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelReconnect?.();
    const client = this.#client;
    if (client) await this.#end(client);
    this.#down('closed');
  }

  /** Says goodbye; what is outstanding and not answered within a second or two is the store's to send again. */
  async #end(client: MqttClient): Promise<void> {
    if (!this.#up) {
      client.end(true);
      return;
    }
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.setTimer(GOODBYE_MS, () => {
        client.end(true);
        resolve();
      });
      client.end(false, {}, () => {
        cancel();
        resolve();
      });
    });
  }

  #connect(): void {
    const { address, unit, tls, windowMax, keepAliveSeconds, clock } = this.#options;
    const options: IClientOptions = {
      protocolVersion: 5,
      clientId: unit,
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      keepalive: keepAliveSeconds,
      queueQoSZero: false,
      autoUseTopicAlias: true,
      autoAssignTopicAlias: true,
      properties: { receiveMaximum: windowMax, requestProblemInformation: true },
      ...(tls && { ca: tls.ca, cert: tls.certificate, key: tls.key, rejectUnauthorized: true }),
    };
    const client = connect(address, options);
    this.#client = client;
    let answered = false;
    let detail: string | undefined;
    client.on('packetreceive', (packet) => {
      const reason = packet.cmd === 'connack' && packet.reasonCode ? packet.properties?.reasonString : undefined;
      if (reason !== undefined) detail = `the gateway refuses this unit: ${reason}`;
    });
    client.on('error', (error: Error & { code?: string | number }) => {
      detail ??= explainError(address, error);
    });
    client.on('disconnect', (packet) => {
      detail =
        packet.properties?.reasonString ??
        `the gateway ended the session with reason 0x${packet.reasonCode?.toString(16)}`;
    });
    client.on('connect', (packet) => {
      client.subscribe(`odograph/1/${unit}/control`, { qos: 1 }, () => {});
      this.#onConnected(packet.properties ?? {});
      answered = true;
    });
    client.on('message', (_topic, payload) => this.#handlers?.onControl(payload));
    client.on('close', () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      client.end(true);
      if (answered) detail ??= 'the gateway closed the connection';
      this.#down(detail ?? explainSilence(address, tls?.certificate, clock.wallUs() / 1000));
      if (!this.#closed) this.#cancelReconnect = clock.setTimer(this.#backOff.nextMs(), () => this.#connect());
    });
  }

  #onConnected(properties: { receiveMaximum?: number; maximumPacketSize?: number; userProperties?: object }): void {
    const { 'odograph-gateway': gateway } = (properties.userProperties ?? {}) as Record<string, string | undefined>;
    const session: UplinkSession = {
      gateway: gateway ?? this.#options.address,
      window: Math.min(this.#options.windowMax, properties.receiveMaximum ?? 65_535),
      packetBytesMax: properties.maximumPacketSize ?? 268_435_455,
    };
    this.#backOff.reset();
    this.#up = true;
    this.#detail = `connected to ${this.#options.address}`;
    this.#handlers?.onUp(session);
  }

  #down(detail: string): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#detail = detail;
    for (const settle of [...this.#pending]) settle({ kind: 'disconnected' });
    if (wasUp) this.#handlers?.onDown(detail);
  }
}

function resultOf(error: Error | undefined, reason: string | undefined): UplinkResult {
  if (!error) return { kind: 'accepted' };
  if (!(error instanceof ErrorWithReasonCode)) return { kind: 'disconnected' };
  const detail = reason ?? error.message;
  switch (error.code) {
    case REFUSED:
      return { kind: 'refused', detail };
    case IMPLEMENTATION_SPECIFIC:
      if (reason === 'conflict') return { kind: 'conflict' };
      if (reason === 'schema-unknown') return { kind: 'schema-unknown' };
      return { kind: 'later', detail };
    case NOT_NOW:
      return { kind: 'later', detail };
    default:
      return { kind: 'later', detail: `reason 0x${error.code.toString(16)}: ${detail}` };
  }
}
