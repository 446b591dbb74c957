import { generate, type IConnackPacket, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../../src/ingress/connect.ts';
import { Bench, publishPacket } from './harness.ts';

const DISCONNECT = (reasonCode: number) => expect.objectContaining({ cmd: 'disconnect', reasonCode });

describe('CONNECT', () => {
  it('answers MQTT 5 with what is and is not served', () => {
    const bench = new Bench();
    bench.send({ cmd: 'connect', protocolVersion: 5, clientId: 'u1', clean: true, keepalive: 0 });
    expect(bench.agreement).toMatchObject({ unit: 'u1', version: 5, keepAliveSeconds: 600 });
    const [connack] = bench.output() as [IConnackPacket];
    expect(connack).toMatchObject({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
    expect({ ...connack.properties, userProperties: { ...connack.properties?.userProperties } }).toEqual({
      sessionExpiryInterval: 0,
      receiveMaximum: 4,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: 4096,
      topicAliasMaximum: 16,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      serverKeepAlive: 600,
      userProperties: { 'odograph-gateway': 'gw-1' },
    });
  });

  // Bytes by hand from the tables of MQTT 3.1.1 §3.1 and §3.2.
  it.each([
    { name: '3.1.1 accepted', hex: '100e 0004 4d515454 04 02 003c 0002 7531', answer: '20020000' },
    {
      name: '3.1.1 without clean session is a clean one all the same',
      hex: '100e 0004 4d515454 04 00 003c 0002 7531',
      answer: '20020000',
    },
    {
      name: '3.1.1 client id that is no unit name',
      hex: '100e 0004 4d515454 04 02 003c 0002 7523',
      answer: '20020002',
    },
    { name: '3.1.1 empty client id', hex: '100c 0004 4d515454 04 02 003c 0000', answer: '20020002' },
    { name: '3.1 (MQIsdp) is told 0x01', hex: '1010 0006 4d5149736470 03 02 003c 0002 7531', answer: '20020001' },
    { name: 'level 6 is told 0x01', hex: '100e 0004 4d515454 06 02 003c 0002 7531', answer: '20020001' },
    {
      name: "mosquitto's bridge level 0x84 is told 0x01",
      hex: '100e 0004 4d515454 84 02 003c 0002 7531',
      answer: '20020001',
    },
    { name: 'reserved connect flag [MQTT-3.1.2-3]', hex: '100e 0004 4d515454 04 03 003c 0002 7531', answer: '' },
    { name: 'ends after the protocol level', hex: '1007 0004 4d515454 04', answer: '' },
    { name: 'ends in the protocol name', hex: '1004 0004 4d51', answer: '' },
    { name: 'no CONNECT first: PUBLISH', hex: '3003 0001 61', answer: '' },
    { name: 'no CONNECT first: PINGREQ', hex: 'c000', answer: '' },
    { name: 'reserved header flags [MQTT-2.2.2-1]', hex: '110e 0004 4d515454 04 02 003c 0002 7531', answer: '' },
  ])('$name', ({ hex, answer }) => {
    const bench = new Bench();
    bench.version = 4;
    bench.hex(hex);
    expect(bench.outputHex()).toBe(answer);
    expect(bench.session.ended).toBe(answer !== '20020000');
    if (bench.session.ended) expect(bench.refusals).toHaveLength(1);
  });

  const certificate = (name: string | undefined): Identity => ({ kind: 'certificate', name });
  it.each([
    { name: 'client id other than the common name', identity: certificate('u2'), five: 0x85, four: 2 },
    { name: 'certificate without a usable common name', identity: certificate(undefined), five: 0x87, four: 5 },
    { name: 'common name that is no unit name', identity: certificate('a/b'), five: 0x87, four: 5 },
  ])('refuses a $name', ({ identity, five, four }) => {
    for (const [version, code] of [
      [5, five],
      [4, four],
    ] as const) {
      const bench = new Bench({}, identity);
      bench.version = version;
      bench.send({ cmd: 'connect', protocolVersion: version, clientId: 'u1', clean: true, keepalive: 60 });
      expect(bench.output()).toEqual([
        expect.objectContaining(
          version === 5 ? { cmd: 'connack', reasonCode: code } : { cmd: 'connack', returnCode: code },
        ),
      ]);
      expect(bench.session.ended).toBe(true);
      expect(bench.agreement).toBeUndefined();
    }
  });

  const will = { topic: 'w', payload: Buffer.from('bye') };
  it.each([
    { name: 'a will at QoS 1 is taken', extra: { will: { ...will, qos: 1, retain: false } }, code: 0 },
    { name: 'a will at QoS 2 [MQTT-3.2.2-12]', extra: { will: { ...will, qos: 2, retain: false } }, code: 0x9b },
    { name: 'a retained will [MQTT-3.2.2-13]', extra: { will: { ...will, qos: 0, retain: true } }, code: 0x9a },
    { name: 'an authentication method', extra: { properties: { authenticationMethod: 'SCRAM' } }, code: 0x8c },
    { name: 'Receive Maximum 0', extra: { properties: { receiveMaximum: 0 } }, code: 0x82 },
    { name: 'Maximum Packet Size 0', extra: { properties: { maximumPacketSize: 0 } }, code: 0x82 },
  ] as const)('MQTT 5: $name', ({ extra, code }) => {
    const bench = new Bench();
    bench.send({ cmd: 'connect', protocolVersion: 5, clientId: 'u1', clean: true, keepalive: 60, ...extra } as Packet);
    expect(bench.output()[0]).toMatchObject({ cmd: 'connack', reasonCode: code });
  });

  it('a second CONNECT is a protocol error [MQTT-3.1.0-2]', () => {
    const bench = new Bench().connect();
    bench.send({ cmd: 'connect', protocolVersion: 5, clientId: 'u1', clean: true, keepalive: 60 });
    expect(bench.output()).toEqual([DISCONNECT(0x82)]);
  });

  it('gives up when no CONNECT comes, and not before', () => {
    const bench = new Bench();
    bench.bytes(Buffer.from([0x10]));
    expect(bench.session.wakeAtMs).toBe(10_000);
    bench.session.expire(9_999);
    expect(bench.session.ended).toBe(false);
    bench.session.expire(10_000);
    expect(bench.endDetail).toMatch(/no CONNECT/);
    expect(bench.refusals).toEqual(['handshake-timeout']);
    expect(bench.assembly.used).toBe(0);
  });
});

describe('PUBLISH that ends the session', () => {
  const alias = (topicAlias: number, topic = '') => ({ topic, properties: { topicAlias } });
  it.each([
    { name: 'QoS 2', extra: { qos: 2 }, code: 0x9b },
    { name: 'RETAIN', extra: { retain: true }, code: 0x9a },
    { name: 'topic alias 0', extra: alias(0, 'odograph/1/u1/batch'), code: 0x94 },
    { name: 'topic alias beyond the maximum', extra: alias(17, 'odograph/1/u1/batch'), code: 0x94 },
    { name: 'topic alias that was not defined', extra: alias(3), code: 0x82 },
    { name: 'no topic and no alias', extra: { topic: '' }, code: 0x82 },
    { name: 'packet identifier 0 [MQTT-2.2.1-3]', extra: { messageId: 0 }, code: 0x82 },
    {
      name: 'a subscription identifier [MQTT-3.3.4-6]',
      extra: { properties: { subscriptionIdentifier: 1 } },
      code: 0x82,
    },
  ] as const)('$name', ({ extra, code }) => {
    const bench = new Bench().connect();
    bench.send({ ...publishPacket(1), ...extra } as Packet);
    expect(bench.output()).toEqual([DISCONNECT(code)]);
    expect(bench.messages).toEqual([]);
    expect(bench.session.ended).toBe(true);
  });

  // MQTT 5 §2 and §3, by hand.
  it.each([
    { name: 'both QoS bits [MQTT-3.3.1-4]', hex: '3603 0001 61', code: 0x81 },
    { name: 'DUP at QoS 0 [MQTT-3.3.1-2]', hex: '3804 0001 61 00', code: 0x81 },
    { name: 'topic longer than the packet', hex: '3204 00ff 6161', code: 0x81 },
    { name: 'unknown property', hex: '3207 0001 61 0001 01 7f', code: 0x81 },
    { name: 'remaining length of five bytes', hex: '32 80808080 01', code: 0x81 },
    { name: 'remaining length not in its shortest form', hex: 'c0 8000', code: 0x81 },
    { name: 'PINGREQ that carries something', hex: 'c001 00', code: 0x81 },
    { name: 'packet of type 0', hex: '0000', code: 0x81 },
    { name: 'CONNACK from a client', hex: '2003 00 00 00', code: 0x82 },
    { name: 'PUBREL, as there is no QoS 2', hex: '6202 0001', code: 0x82 },
    { name: 'AUTH without a method agreed', hex: 'f002 18 00', code: 0x82 },
    { name: 'SUBSCRIBE with identifier 0', hex: '8207 0000 00 0001 61 01', code: 0x82 },
    { name: 'packet of 268,435,455 bytes, on its header alone', hex: '32 ffffff7f', code: 0x95 },
    { name: 'packet one byte too long, on two bytes of header', hex: '32 fe1f', code: 0x95 },
  ])('$name', ({ hex, code }) => {
    const bench = new Bench().connect();
    bench.hex(hex);
    expect(bench.output()).toEqual([DISCONNECT(code)]);
    expect(bench.assembly.used).toBe(0);
  });

  it('takes the largest packet, whole and byte by byte', () => {
    const empty = generate(publishPacket(1, ''), { protocolVersion: 5 }).length + 1;
    const packet = generate(publishPacket(1, 'p'.repeat(4096 - empty)), { protocolVersion: 5 });
    expect(packet.length).toBe(4096);
    for (const step of [4096, 1]) {
      const bench = new Bench().connect();
      for (let at = 0; at < packet.length; at += step) bench.bytes(packet.subarray(at, at + step));
      expect(bench.messages).toHaveLength(1);
      expect(bench.assembly.used).toBe(0);
    }
  });

  it('gives room for a packet in pieces only as its bytes come', () => {
    const bench = new Bench({ packetBytesMax: 1024 * 1024 }).connect();
    bench.hex('32 ffff0f');
    expect(bench.assembly.used).toBe(1024);
  });

  it('refuses more packets in pieces than there is memory for', () => {
    const bench = new Bench({ inflightBytesMax: 512 }).connect();
    bench.hex('32 ff03');
    expect(bench.output()).toEqual([DISCONNECT(0x97)]);
  });
});
