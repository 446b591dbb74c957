import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createLogger } from '@iot/host';
import { generate, type Packet } from 'mqtt-packet';
import { afterEach, describe, expect, it } from 'vitest';
import type { IngressLimits } from '../../src/ingress/limits.ts';
import type { MqttListener } from '../../src/ingress/listener.ts';
import { MqttIngress } from '../../src/ingress/mqtt-ingress.ts';
import type { Acceptor, Verdict } from '../../src/ports.ts';
import { ManualClock } from '../support/clock.ts';
import { LIMITS, packetsOf, publishPacket } from './harness.ts';

const LOCAL: MqttListener = { host: '127.0.0.1', port: 0, insecure: false };

/** An ingress with its acceptor in the test's hand. */
class Gateway implements Acceptor {
  readonly clock = new ManualClock();
  readonly asked: ((verdict: Verdict) => void)[] = [];
  readonly refusals: string[] = [];
  readonly links: string[] = [];
  pauses = 0;
  readonly ingress: MqttIngress;
  port = 0;
  #changed: (() => void)[] = [];

  constructor(limits: Partial<IngressLimits> = {}) {
    this.ingress = new MqttIngress({
      listeners: [LOCAL],
      limits: { ...LIMITS, ...limits },
      gatewayId: 'gw-1',
      acceptor: this,
      clock: this.clock,
      monotonicMs: () => this.clock.nowMs(),
      log: createLogger('test', 'silent'),
      metrics: {
        packetIn() {},
        bytesIn: () => this.#notify(),
        bytesOut() {},
        refused: (reason) => {
          this.refusals.push(reason);
          this.#notify();
        },
        paused: () => {
          this.pauses++;
          this.#notify();
        },
        connections: () => this.#notify(),
      },
    });
  }

  async listen(): Promise<this> {
    const { addresses } = await this.ingress.listen();
    this.port = Number(new URL(addresses[0]).port);
    return this;
  }

  accept(): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.asked.push(resolve);
    this.#notify();
    return promise;
  }

  async deadLetter(): Promise<void> {}

  connected(unit: string): void {
    this.links.push(`+${unit}`);
    this.#notify();
  }

  disconnected(unit: string, detail: string): void {
    this.links.push(`-${unit} ${detail}`);
    this.#notify();
  }

  /** Resolves once `holds` does; looked at whenever something happened here. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}

/** A client that is no MQTT library: bytes out, bytes in. */
class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  received = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on('error', () => {});
    this.closed = once(this.socket, 'close');
  }

  send(...packets: Packet[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: 5 }))));
  }

  async until(count: number): Promise<Packet[]> {
    while (this.packets.length < count) await once(this.socket, 'data');
    return this.packets;
  }

  get packets(): Packet[] {
    return packetsOf(this.received, 5);
  }
}

const CONNECT = (unit = 'u1'): Packet => ({
  cmd: 'connect',
  protocolVersion: 5,
  clientId: unit,
  clean: true,
  keepalive: 60,
});
const ACCEPTED: Verdict = { kind: 'accepted', duplicate: false };

describe('sockets', () => {
  let gateway: Gateway;
  const clients: RawClient[] = [];
  const client = (): RawClient => {
    const raw = new RawClient(gateway.port);
    clients.push(raw);
    return raw;
  };
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await gateway.ingress.close(0);
  });

  it('answers a fixed-header bomb with 0x95 and keeps nothing of it', async () => {
    gateway = await new Gateway().listen();
    const raw = client();
    raw.send(CONNECT());
    await raw.until(1);
    raw.socket.write(Buffer.from('32ffffff7f', 'hex'));
    await raw.closed;
    expect(raw.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x95 });
    expect(gateway.refusals).toEqual(['0x95']);
  });

  it('closes on a CONNECT larger than 8 KiB, without a word', async () => {
    gateway = await new Gateway({ packetBytesMax: 1 << 20 }).listen();
    const raw = client();
    raw.socket.write(Buffer.from('10ff7f', 'hex'));
    await raw.closed;
    expect(raw.received.length).toBe(0);
  });

  it('drops a client that dawdles over its CONNECT', async () => {
    gateway = await new Gateway().listen();
    const raw = client();
    raw.socket.write(generate(CONNECT()).subarray(0, 5));
    await gateway.until(() => gateway.ingress.state.connections === 1);
    gateway.clock.advance(10_000);
    await raw.closed;
    expect(gateway.refusals).toEqual(['handshake-timeout']);
  });

  it('drops a client that has fallen silent, telling it why', async () => {
    gateway = await new Gateway().listen();
    const raw = client();
    raw.send(CONNECT());
    await raw.until(1);
    gateway.clock.advance(90_000);
    await raw.closed;
    expect(raw.packets.at(-1)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8d });
    expect(gateway.links).toEqual(['+u1', expect.stringMatching(/^-u1 .*0x8d/)]);
  });

  it('writes the acknowledgements of a tick together', async () => {
    gateway = await new Gateway().listen();
    const raw = client();
    raw.send(CONNECT(), ...[1, 2, 3, 4].map((id) => publishPacket(id)));
    await gateway.until(() => gateway.asked.length === 4);
    await raw.until(1);
    const connackBytes = raw.received.length;
    let chunks = 0;
    raw.socket.on('data', () => chunks++);
    for (const answer of gateway.asked) answer(ACCEPTED);
    await raw.until(5);
    expect(raw.received.subarray(connackBytes).toString('hex')).toBe('40020001400200024002000340020004');
    expect(chunks).toBe(1);
  });

  it('reads nobody while the bytes in flight are at their limit, and everybody again after', async () => {
    gateway = await new Gateway({ inflightBytesMax: 8 * 1024 }).listen();
    const [one, two] = [client(), client()];
    one.send(CONNECT('u1'), publishPacket(1, 'p'.repeat(3600)), publishPacket(2, 'p'.repeat(3600)));
    await gateway.until(() => gateway.pauses === 1);
    two.send(CONNECT('u2'), publishPacket(1, 'x', 'odograph/1/u2/batch'));
    // The kernel has the second client's bytes before it lets a third one in, so they would have been read by then.
    client();
    await gateway.until(() => gateway.ingress.state.connections === 3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(gateway.links).toEqual(['+u1']);
    expect(gateway.ingress.state).toMatchObject({ units: 1, inflightBytes: 2 * (3600 + 512) });
    gateway.asked[0](ACCEPTED);
    await gateway.until(() => gateway.asked.length === 3);
    expect(gateway.links).toEqual(['+u1', '+u2']);
    gateway.asked[2](ACCEPTED);
    await two.until(2);
    expect(gateway.pauses).toBe(1);
    gateway.asked[1](ACCEPTED);
    await one.until(3);
    expect(gateway.ingress.state.inflightBytes).toBe(0);
  });

  it('stops reading a client that does not read its answers', async () => {
    gateway = await new Gateway().listen();
    const raw = client();
    raw.send(CONNECT());
    await raw.until(1);
    raw.socket.pause();
    // Refusals, each longer than what it answers, fill every buffer on the way back, in the kernel and here; then our
    // own writes must stall.
    const refused = Buffer.concat(Array(6_000).fill(generate(publishPacket(1, '', 'x'), { protocolVersion: 5 })));
    while (raw.socket.write(refused)) await new Promise((resolve) => setImmediate(resolve));
    expect(raw.socket.writableNeedDrain).toBe(true);
    gateway.clock.advance(90_000);
    await gateway.until(() => gateway.links.length === 2);
  });

  it('after close began, nothing new is acknowledged and what was under way is', async () => {
    gateway = await new Gateway().listen();
    const raw = client();
    raw.send(CONNECT(), publishPacket(1));
    await gateway.until(() => gateway.asked.length === 1);
    const closed = gateway.ingress.close(1_000);
    raw.send(publishPacket(2));
    gateway.asked[0](ACCEPTED);
    await raw.closed;
    await closed;
    expect(raw.packets.map(({ cmd, messageId }) => [cmd, messageId])).toEqual([
      ['connack', undefined],
      ['puback', 1],
      ['disconnect', undefined],
    ]);
    expect(gateway.asked).toHaveLength(1);
  });

  it('close does not wait for a client that never closes its side', async () => {
    gateway = await new Gateway().listen();
    const raw = new RawClient(gateway.port);
    clients.push(raw);
    raw.socket.pause();
    await gateway.until(() => gateway.ingress.state.connections === 1);
    const closed = gateway.ingress.close(60_000);
    gateway.clock.advance(1_000);
    await closed;
  });

  it('takes no more connections than it may', async () => {
    gateway = await new Gateway({ connections: 1 }).listen();
    const [first, second] = [client(), client()];
    await Promise.race([first.closed, second.closed]);
    await gateway.until(() => gateway.refusals.length === 1);
    expect(gateway.refusals).toEqual(['connection-limit']);
  });

  it('names the port that is in use and says what to do', async () => {
    gateway = await new Gateway().listen();
    const { port } = gateway;
    const { clock } = gateway;
    const log = createLogger('test', 'silent');
    const second = new MqttIngress({
      listeners: [LOCAL, { ...LOCAL, port }],
      limits: LIMITS,
      gatewayId: 'gw-2',
      acceptor: gateway,
      clock,
      log,
    });
    await expect(second.listen()).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: the port is in use`);
  });
});

describe('plain MQTT', () => {
  const create = (listener: Partial<MqttListener>) => () =>
    new MqttIngress({
      listeners: [{ ...LOCAL, ...listener }],
      limits: LIMITS,
      gatewayId: 'gw',
      acceptor: new Gateway(),
      clock: new ManualClock(),
      log: createLogger('test', 'silent'),
    });

  it('is for this machine only, unless somebody says otherwise', () => {
    expect(create({ host: '0.0.0.0' })).toThrow(/plain MQTT on 0.0.0.0:0 would let anyone publish as any unit/);
    for (const host of ['127.0.0.1', '::1', 'localhost']) expect(create({ host })).not.toThrow();
    expect(create({ host: '0.0.0.0', insecure: true })).not.toThrow();
  });
});
