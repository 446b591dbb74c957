import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { Bench } from './harness.ts';

const CONTROL = 'odograph/1/u1/control';

function subscribe(bench: Bench, topic = CONTROL, extra: object = {}): Packet[] {
  bench.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic, qos: 1 }], ...extra });
  return bench.output();
}

const payloads = (packets: Packet[]) =>
  packets.map((packet) => (packet.cmd === 'publish' ? String(packet.payload) : packet.cmd));

describe('SUBSCRIBE', () => {
  it.each([
    { name: 'its control topic', topic: CONTROL, five: 1, four: 1 },
    { name: "another unit's control topic", topic: 'odograph/1/u2/control', five: 0x87, four: 0x80 },
    { name: 'its own batches', topic: 'odograph/1/u1/batch', five: 0x87, four: 0x80 },
    { name: 'everything', topic: '#', five: 0xa2, four: 0x80 },
    { name: 'a wildcard that matches its control topic', topic: 'odograph/1/+/control', five: 0xa2, four: 0x80 },
    { name: 'a shared subscription', topic: `$share/g/${CONTROL}`, five: 0x9e, four: 0x80 },
  ])('$name', ({ topic, five, four }) => {
    expect(subscribe(new Bench().connect(5), topic)).toEqual([
      expect.objectContaining({ cmd: 'suback', granted: [five] }),
    ]);
    expect(subscribe(new Bench().connect(4), topic)).toEqual([
      expect.objectContaining({ cmd: 'suback', granted: [four] }),
    ]);
  });

  it('a subscription identifier is refused', () => {
    const [suback] = subscribe(new Bench().connect(), CONTROL, { properties: { subscriptionIdentifier: 5 } });
    expect(suback).toMatchObject({ granted: [0xa1] });
  });

  it('UNSUBSCRIBE stops the control messages', () => {
    const bench = new Bench().connect();
    subscribe(bench);
    bench.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: [CONTROL, 'other', CONTROL] });
    expect(bench.output()).toEqual([expect.objectContaining({ cmd: 'unsuback', granted: [0, 0x11, 0x11] })]);
    bench.session.control(Buffer.from('c'));
    expect(bench.output()).toEqual([]);
  });
});

describe('control messages', () => {
  it('wait for the subscription', () => {
    const bench = new Bench().connect();
    expect(bench.session.control(Buffer.from('early'))).toBe(true);
    expect(bench.output()).toEqual([]);
    expect(payloads(subscribe(bench))).toEqual(['suback', 'early']);
  });

  it("keep within the client's Receive Maximum [MQTT-4.9.0-2]", () => {
    const bench = new Bench().connect(5, { properties: { receiveMaximum: 2 } });
    subscribe(bench);
    for (const text of ['a', 'b', 'c', 'd']) expect(bench.session.control(Buffer.from(text))).toBe(true);
    const first = bench.output();
    expect(payloads(first)).toEqual(['a', 'b']);
    bench.send({ cmd: 'puback', messageId: first[1].messageId! });
    expect(payloads(bench.output())).toEqual(['c']);
    bench.send({ cmd: 'puback', messageId: 4711 });
    expect(bench.output()).toEqual([]);
  });

  it('are refused where too many wait', () => {
    const bench = new Bench().connect();
    const taken = Array.from({ length: 20 }, () => bench.session.control(Buffer.from('c')));
    expect(taken.filter((one) => one)).toHaveLength(16);
    const large = new Bench().connect();
    expect([1, 2].map(() => large.session.control(Buffer.alloc(40_000)))).toEqual([true, false]);
  });

  it('larger than the client takes are not sent [MQTT-3.1.2-25]', () => {
    const bench = new Bench().connect(5, { properties: { maximumPacketSize: 200, receiveMaximum: 1 } });
    subscribe(bench);
    bench.session.control(Buffer.alloc(300));
    bench.session.control(Buffer.from('small'));
    expect(payloads(bench.output())).toEqual(['small']);
  });

  it('3.1.1: why a message is not acknowledged is said first, then the session ends', () => {
    const bench = new Bench().connect(4);
    subscribe(bench);
    bench.publish(1);
    bench.session.settle(0, { code: 0x83, reason: 'schema-unknown', control: Buffer.from('schema-wanted') });
    expect(payloads(bench.output())).toEqual(['schema-wanted']);
    expect(bench.endDetail).toBe('schema-unknown (0x83)');
  });
});
