import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { Bench, publishPacket } from './harness.ts';

const OK = { code: 0 };
const idsOf = (packets: Packet[]) => packets.map((packet) => packet.messageId);

describe('PUBACK', () => {
  it('comes when the answer does, and not before', () => {
    const bench = new Bench().connect();
    bench.publish(7, 'batch');
    expect(bench.messages).toEqual([{ token: 0, kind: 'batch', qos: 1, payload: 'batch' }]);
    expect(bench.outputHex()).toBe('');
    bench.session.settle(0, OK);
    // MQTT 5 §3.4.2.1: without a reason code it means success.
    expect(bench.outputHex()).toBe('40020007');
  });

  it('keeps the order of arrival, whatever order the answers come in [MQTT-4.6.0-2]', () => {
    const bench = new Bench({ receiveMaximum: 10 }).connect();
    for (let id = 1; id <= 10; id++) bench.publish(id);
    for (const token of [9, 3, 1, 2, 8, 7, 6, 5, 4]) bench.session.settle(token, OK);
    expect(bench.output()).toEqual([]);
    bench.session.settle(0, OK);
    expect(idsOf(bench.output())).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(bench.session.pending).toBe(0);
  });

  it('a second answer to the same message is no harm', () => {
    const bench = new Bench().connect();
    bench.publish(1);
    bench.publish(2);
    bench.session.settle(0, OK);
    bench.session.settle(0, OK);
    bench.session.settle(99, OK);
    expect(idsOf(bench.output())).toEqual([1]);
  });

  it('says a refusal with its reason, in its turn', () => {
    const bench = new Bench().connect();
    bench.publish(1);
    bench.publish(2);
    bench.session.settle(1, { code: 0x99, reason: 'no batch' });
    bench.session.settle(0, OK);
    expect(bench.output()).toEqual([
      expect.objectContaining({ messageId: 1, reasonCode: 0 }),
      expect.objectContaining({ messageId: 2, reasonCode: 0x99, properties: { reasonString: 'no batch' } }),
    ]);
    expect(bench.refusals).toEqual(['0x99']);
  });

  it.each([
    { name: 'Request Problem Information is 0 [MQTT-3.1.2-29]', properties: { requestProblemInformation: false } },
    { name: 'it would pass the Maximum Packet Size [MQTT-3.4.2-2]', properties: { maximumPacketSize: 100 } },
  ])('leaves the reason string out where $name', ({ properties }) => {
    const bench = new Bench().connect(5, { properties });
    bench.publish(1);
    bench.session.settle(0, { code: 0x99, reason: 'r'.repeat(200) });
    expect(bench.outputHex()).toBe('400400019900');
  });

  it.each([
    { name: "another unit's topic", topic: 'odograph/1/u2/batch', code: 0x87 },
    { name: 'the control topic', topic: 'odograph/1/u1/control', code: 0x90 },
    { name: 'a level too many', topic: 'odograph/1/u1/batch/x', code: 0x90 },
    { name: 'a wildcard', topic: 'odograph/1/+/batch', code: 0x87 },
    { name: 'another version', topic: 'odograph/2/u1/batch', code: 0x90 },
    { name: 'something else', topic: 'sensors/temperature', code: 0x90 },
  ])('refuses $name without ending MQTT 5, and ends 3.1.1', ({ topic, code }) => {
    const five = new Bench().connect();
    five.send(publishPacket(1, 'x', topic));
    expect(five.output()).toEqual([expect.objectContaining({ cmd: 'puback', reasonCode: code })]);
    expect(five.session.ended).toBe(false);
    const four = new Bench().connect(4);
    four.publish(1);
    four.send(publishPacket(2, 'x', topic));
    expect(four.session.ended).toBe(false);
    four.session.settle(0, OK);
    expect(idsOf(four.output())).toEqual([1]);
    expect(four.session.ended).toBe(true);
    for (const bench of [five, four]) expect(bench.messages).toHaveLength(bench === four ? 1 : 0);
  });

  it('resolves topic aliases, and lets them be defined anew', () => {
    const bench = new Bench().connect();
    const send = (id: number, topic: string) => bench.publish(id, 'x', { topic, properties: { topicAlias: 16 } });
    send(1, 'odograph/1/u1/statement');
    send(2, '');
    send(3, 'odograph/1/u1/schema');
    send(4, '');
    expect(bench.messages.map((message) => message.kind)).toEqual(['statement', 'statement', 'schema', 'schema']);
  });

  it('a message at QoS 0 is taken without an answer', () => {
    const bench = new Bench().connect();
    bench.send({ cmd: 'publish', qos: 0, dup: false, retain: false, topic: 'odograph/1/u1/batch', payload: 'x' });
    expect(bench.messages).toEqual([{ token: -1, kind: 'batch', qos: 0, payload: 'x' }]);
    expect(bench.session.pending).toBe(1);
    bench.session.settleUnacknowledged(1);
    expect(bench.session.pending).toBe(0);
    expect(bench.session.hasOutput).toBe(false);
  });

  it('answers nothing after the end', () => {
    const bench = new Bench().connect();
    bench.publish(1);
    bench.session.lost('gone');
    bench.session.settle(0, OK);
    bench.session.settleUnacknowledged(1);
    bench.publish(2);
    expect(bench.session.control(Buffer.from('c'))).toBe(false);
    expect(bench.output()).toEqual([]);
    expect(bench.messages).toHaveLength(1);
  });
});

describe('window', () => {
  it('MQTT 5: one message beyond the Receive Maximum ends the session [MQTT-3.3.4-9]', () => {
    const bench = new Bench().connect();
    for (let id = 1; id <= 4; id++) bench.publish(id);
    expect(bench.session.blocked).toBe(false);
    bench.publish(5);
    expect(bench.output()).toEqual([expect.objectContaining({ cmd: 'disconnect', reasonCode: 0x93 })]);
    expect(bench.messages).toHaveLength(4);
  });

  it('MQTT 3.1.1 has no such window: reading stops, and the rest of the chunk waits', () => {
    const bench = new Bench().connect(4);
    const publishes = [1, 2, 3, 4, 5, 6].map((id) => generate(publishPacket(id)));
    bench.bytes(Buffer.concat(publishes));
    expect(bench.messages).toHaveLength(4);
    expect(bench.session.blocked).toBe(true);
    bench.session.settle(0, OK);
    expect(bench.session.blocked).toBe(false);
    bench.session.resume(0);
    expect(bench.messages).toHaveLength(5);
    for (let token = 1; token < 5; token++) bench.session.settle(token, OK);
    bench.session.resume(0);
    bench.session.settle(5, OK);
    expect(idsOf(bench.output())).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('stops at the bytes one connection may hold', () => {
    // 2 × 4,096 bytes: two messages of 4,000 and their overhead.
    const bench = new Bench({ inflightBytesMax: 8 * 1024 }).connect();
    bench.publish(1, 'p'.repeat(4000));
    expect(bench.session.blocked).toBe(false);
    bench.publish(2, 'p'.repeat(4000));
    expect(bench.session.blocked).toBe(true);
    bench.session.settle(0, OK);
    expect(bench.session.blocked).toBe(false);
  });

  it('is not read while held', () => {
    const bench = new Bench().connect();
    bench.session.hold('memory');
    bench.publish(1);
    expect(bench.messages).toEqual([]);
    bench.session.hold(undefined);
    bench.session.resume(0);
    expect(bench.messages).toHaveLength(1);
  });
});

describe('keep alive', () => {
  it('ends after one and a half times of silence, counted from the last bytes [MQTT-3.1.2-22]', () => {
    const bench = new Bench().connect(5, { keepalive: 10 });
    expect(bench.session.wakeAtMs).toBe(15_000);
    bench.nowMs = 14_000;
    bench.send({ cmd: 'pingreq' });
    expect(bench.outputHex()).toBe('d000');
    bench.session.expire(15_000);
    expect(bench.session.wakeAtMs).toBe(29_000);
    bench.session.expire(29_000);
    expect(bench.output()).toEqual([expect.objectContaining({ cmd: 'disconnect', reasonCode: 0x8d })]);
  });

  it('does not count while the gateway does not read', () => {
    const bench = new Bench().connect(5, { keepalive: 10 });
    bench.session.hold('memory');
    bench.session.expire(15_000);
    expect(bench.session.wakeAtMs).toBe(30_000);
  });

  it('counts while the client does not read', () => {
    const bench = new Bench().connect(5, { keepalive: 10 });
    bench.session.hold('output');
    bench.session.expire(15_000);
    expect(bench.session.ended).toBe(true);
  });

  it('0 is for ever in 3.1.1', () => {
    expect(new Bench().connect(4, { keepalive: 0 }).session.wakeAtMs).toBeUndefined();
  });
});

describe('drain', () => {
  it('answers what is under way, then says goodbye; what comes after is not acknowledged', () => {
    const bench = new Bench().connect();
    bench.publish(1);
    bench.publish(2);
    bench.session.drain();
    expect(bench.session.control(Buffer.from('too late'))).toBe(false);
    bench.publish(3);
    bench.session.settle(1, OK);
    expect(bench.session.ended).toBe(false);
    bench.session.settle(0, OK);
    const packets = bench.output();
    expect(packets.map((packet) => packet.cmd)).toEqual(['puback', 'puback', 'disconnect']);
    expect(packets[2]).toMatchObject({ reasonCode: 0x8b });
    expect(bench.messages).toHaveLength(2);
  });

  it('ends an idle session, and one without CONNECT, at once', () => {
    for (const bench of [new Bench().connect(), new Bench().connect(4), new Bench()]) {
      bench.session.drain();
      expect(bench.session.ended).toBe(true);
    }
  });
});
