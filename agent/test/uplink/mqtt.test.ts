import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { UplinkResult, UplinkSession } from '../../src/ports.ts';
import { MqttUplink, type MqttUplinkOptions } from '../../src/uplink/mqtt.ts';
import { ManualClock } from '../drivers/clock.ts';
import { type Answer, type Connack, startBroker } from './broker.ts';
import { selfSigned } from './self-signed.ts';

const PAYLOAD = Uint8Array.of(1, 2, 3);

/** An uplink that was opened, and what it said. It tries again only when the test moves its clock. */
function openUplink(address: string, change: Partial<MqttUplinkOptions> = {}) {
  const clock = new ManualClock();
  const uplink = new MqttUplink({
    address,
    unit: 'unit-1',
    tls: undefined,
    windowMax: 32,
    keepAliveSeconds: 0,
    reconnectMs: { first: 500, max: 60_000 },
    clock,
    random: () => 0,
    ...change,
  });
  const up = Promise.withResolvers<UplinkSession>();
  const down = Promise.withResolvers<string>();
  const control = Promise.withResolvers<Uint8Array>();
  uplink.open({ onUp: up.resolve, onDown: down.resolve, onControl: control.resolve });
  onTestFinished(async () => {
    const closed = uplink.close();
    while (clock.nextUs !== undefined) clock.next();
    await closed;
  });
  return { clock, uplink, up: up.promise, down: down.promise, control: control.promise };
}

/** Resolves when the uplink waits for its next attempt. */
async function gaveUp({ clock }: { clock: ManualClock }): Promise<void> {
  while (clock.nextUs === undefined) await new Promise((resolve) => setImmediate(resolve));
}

async function connect(connack: Connack = {}, change: Partial<MqttUplinkOptions> = {}) {
  const broker = await startBroker(connack);
  const link = openUplink(broker.address, change);
  return { broker, ...link, session: await link.up };
}

describe('a session', () => {
  it("is what the CONNACK says, within the unit's own window", async () => {
    const properties = {
      receiveMaximum: 8,
      maximumPacketSize: 70_000,
      userProperties: { 'odograph-gateway': 'g1' },
    };
    const { session } = await connect({ properties });
    expect(session).toEqual({ gateway: 'g1', window: 8, packetBytesMax: 70_000 });
    const small = await connect({ properties }, { windowMax: 4 });
    expect(small.session.window).toBe(4);
  });

  it('carries messages both ways', async () => {
    const { broker, uplink, control } = await connect();
    await expect(uplink.send('batch', PAYLOAD)).resolves.toEqual({ kind: 'accepted' });
    const [{ topic, qos, payload }] = broker.published;
    expect({ topic, qos, payload: [...payload] }).toEqual({
      topic: 'odograph/1/unit-1/batch',
      qos: 1,
      payload: [1, 2, 3],
    });
    expect(uplink.state.bytesSent).toBe(3);
    broker.publish('odograph/1/unit-1/control', Uint8Array.of(7));
    expect([...(await control)]).toEqual([7]);
  });
});

describe('answers', () => {
  const cases: { name: string; answer: Answer; result: UplinkResult }[] = [
    { name: '0x00', answer: { reasonCode: 0 }, result: { kind: 'accepted' } },
    {
      name: '0x99 refused',
      answer: { reasonCode: 0x99, reasonString: 'digest differs' },
      result: { kind: 'refused', detail: 'digest differs' },
    },
    { name: '0x83 conflict', answer: { reasonCode: 0x83, reasonString: 'conflict' }, result: { kind: 'conflict' } },
    {
      name: '0x83 schema-unknown',
      answer: { reasonCode: 0x83, reasonString: 'schema-unknown' },
      result: { kind: 'schema-unknown' },
    },
    {
      name: '0x83 with another reason',
      answer: { reasonCode: 0x83, reasonString: 'odd' },
      result: { kind: 'later', detail: 'odd' },
    },
    {
      name: '0x97 later',
      answer: { reasonCode: 0x97, reasonString: 'disk full' },
      result: { kind: 'later', detail: 'disk full' },
    },
    {
      name: '0x87 not foreseen',
      answer: { reasonCode: 0x87, reasonString: 'not yours' },
      result: { kind: 'later', detail: 'reason 0x87: not yours' },
    },
  ];
  it.each(cases)('$name is $result.kind', async ({ answer, result }) => {
    const { broker, uplink } = await connect();
    broker.answer = answer;
    await expect(uplink.send('batch', PAYLOAD)).resolves.toEqual(result);
    expect(uplink.state.up).toBe(true);
  });
});

describe('a connection that ends', () => {
  it('ends what is outstanding, and the next one does not send it again', async () => {
    const { broker, uplink, down, clock } = await connect();
    broker.answer = 'silence';
    const sends = [uplink.send('batch', PAYLOAD), uplink.send('statement', PAYLOAD)];
    await broker.heardPublishes(2);
    broker.cut();
    await expect(Promise.all(sends)).resolves.toEqual([{ kind: 'disconnected' }, { kind: 'disconnected' }]);
    await expect(down).resolves.toBe('the gateway closed the connection');
    await expect(uplink.send('batch', PAYLOAD)).resolves.toEqual({ kind: 'disconnected' });
    broker.answer = { reasonCode: 0 };
    clock.next();
    while (!uplink.state.up) await new Promise((resolve) => setImmediate(resolve));
    await expect(uplink.send('schema', PAYLOAD)).resolves.toEqual({ kind: 'accepted' });
    expect(broker.published.map(({ topic }) => topic.split('/').at(-1))).toEqual(['batch', 'statement', 'schema']);
  });

  it('by our own close, waits no longer than its goodbye for answers that do not come', async () => {
    const { broker, uplink, clock } = await connect();
    broker.answer = 'silence';
    const sent = uplink.send('batch', PAYLOAD);
    await broker.heardPublishes(1);
    const closed = uplink.close();
    expect(clock.nextUs! - clock.nowUs).toBe(2_000_000);
    clock.next();
    await closed;
    await expect(sent).resolves.toEqual({ kind: 'disconnected' });
    expect(clock.nextUs).toBeUndefined();
  });
});

describe('a connection that does not come about', () => {
  it('says that nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const link = openUplink(`mqtt://127.0.0.1:${port}`);
    await gaveUp(link);
    expect(link.uplink.state).toMatchObject({
      up: false,
      detail: `nothing listens at mqtt://127.0.0.1:${port}: is the gateway running?`,
    });
    expect(link.clock.nextUs! - link.clock.nowUs).toBe(250_000);
  });

  it("says the gateway's own reason where it refuses the unit", async () => {
    const broker = await startBroker({ reasonCode: 0x87, properties: { reasonString: 'unit-1 is not enrolled' } });
    const link = openUplink(broker.address);
    await gaveUp(link);
    expect(link.uplink.state.detail).toBe('the gateway refuses this unit: unit-1 is not enrolled');
  });

  it('says that the gateway is not from the CA we were given', async () => {
    const [gateway, other] = await Promise.all([selfSigned('gateway'), selfSigned('other')]);
    const server = createTlsServer({ cert: gateway.certificate, key: gateway.key }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const link = openUplink(`mqtts://127.0.0.1:${port}`, { tls: { ...other, ca: other.certificate } });
    await gaveUp(link);
    expect(link.uplink.state.detail).toContain(
      `the certificate of mqtts://127.0.0.1:${port} is not from the CA in gateway.tls.ca`,
    );
  });
});
