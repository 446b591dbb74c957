import type { MessageKind, MqttIngressOptions } from '@iot/gateway';
import { createLogger } from '@iot/host';
import { connectAsync, ErrorWithReasonCode, type IClientOptions, type MqttClient } from 'mqtt';
import type { Heard, UnitClient } from '../contract/ingress.ts';

/** What the tests' ingresses have in common; a test adds its acceptor and listeners. */
export const INGRESS = {
  listeners: [{ host: '127.0.0.1', port: 0, insecure: false }],
  limits: {
    connections: 1_000,
    receiveMaximum: 64,
    packetBytesMax: 128 * 1024,
    inflightBytesMax: 16 * 1024 ** 2,
    handshakeMs: 10_000,
  },
  gatewayId: 'gateway-1',
  clock: {
    nowMs: () => Date.now(),
    setTimer(delayMs: number, run: () => void) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  },
  log: createLogger('test', 'silent'),
} satisfies Partial<MqttIngressOptions>;

/** A unit that speaks through MQTT.js. Keeps nothing across connections and never reconnects. */
export class MqttUnit implements UnitClient {
  readonly client: MqttClient;
  readonly controls: Uint8Array[] = [];
  readonly closed: Promise<void>;
  readonly #unit: string;
  #onControl: ((payload: Uint8Array) => void) | undefined;
  #taken = 0;

  private constructor(client: MqttClient, unit: string) {
    this.client = client;
    this.#unit = unit;
    this.closed = new Promise((resolve) => client.once('close', resolve));
    client.on('message', (_topic, payload) => {
      this.controls.push(payload);
      if (!this.#onControl) return;
      this.#taken++;
      this.#onControl(payload);
      this.#onControl = undefined;
    });
    client.on('error', () => {});
  }

  static async connect(address: string, unit: string, options: IClientOptions): Promise<MqttUnit> {
    const client = await connectAsync(
      address,
      { clientId: unit, clean: true, reconnectPeriod: 0, queueQoSZero: false, ...options },
      false,
    );
    const connected = new MqttUnit(client, unit);
    await client.subscribeAsync(`odograph/1/${unit}/control`, { qos: 1 });
    return connected;
  }

  publish(kind: MessageKind, payload: Uint8Array): Promise<Heard> {
    const answered = new Promise<Heard>((resolve) => {
      this.client.publish(`odograph/1/${this.#unit}/${kind}`, Buffer.from(payload), { qos: 1 }, (error, packet) => {
        const { reasonString } = (packet as { properties?: { reasonString?: string } } | undefined)?.properties ?? {};
        resolve(heardOf(error ?? undefined, reasonString));
      });
    });
    return Promise.race([answered, this.closed.then(() => 'closed' as const)]);
  }

  nextControl(): Promise<Uint8Array> {
    if (this.#taken < this.controls.length) return Promise.resolve(this.controls[this.#taken++]);
    return new Promise((resolve) => {
      this.#onControl = resolve;
    });
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }
}

function heardOf(error: Error | undefined, reason: string | undefined): Heard {
  if (!error) return 'accepted';
  if (!(error instanceof ErrorWithReasonCode)) return 'closed';
  if (error.code === 0x99) return 'refused';
  if (error.code === 0x83 && (reason === 'conflict' || reason === 'schema-unknown')) return reason;
  if (error.code === 0x97) return 'later';
  throw new Error(`unexpected reason code 0x${error.code.toString(16)}: ${reason}`);
}
