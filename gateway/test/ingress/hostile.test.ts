import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { AckQueue } from '../../src/ingress/ack-queue.ts';
import { Budget } from '../../src/ingress/budget.ts';
import { PacketFramer } from '../../src/ingress/framer.ts';
import { Bench, publishPacket } from './harness.ts';

const CLIENT_PACKETS: readonly Packet[] = [
  { ...publishPacket(1, 'payload'), properties: { topicAlias: 2, userProperties: { a: 'b' } } },
  { cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'odograph/1/u1/control', qos: 1 }] },
  { cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['odograph/1/u1/control'] },
  { cmd: 'pingreq' },
  { cmd: 'puback', messageId: 1, reasonCode: 0 },
  { cmd: 'connect', protocolVersion: 5, clientId: 'u1', clean: true, keepalive: 9, properties: { receiveMaximum: 3 } },
  { cmd: 'disconnect', reasonCode: 0 },
];
const ENCODED = CLIENT_PACKETS.map((packet) => generate(packet, { protocolVersion: 5 }));

/** A sound packet of each kind with some bytes replaced, inserted or cut off; or plain noise. */
const damaged = fc
  .tuple(
    fc.nat(ENCODED.length),
    fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }),
    fc.option(fc.nat(80), { freq: 3 }),
    fc.uint8Array({ maxLength: 12 }),
  )
  .map(([which, edits, cut, tail]) => {
    const packet = Buffer.concat([ENCODED[which] ?? Buffer.alloc(0), tail]);
    for (const [at, byte] of edits) if (at < packet.length) packet[at] = byte;
    return cut === null ? packet : packet.subarray(0, cut);
  });

function attack(connected: boolean, chunks: readonly Uint8Array[]): void {
  const bench = new Bench({ receiveMaximum: 3, packetBytesMax: 2048 });
  if (connected) bench.connect();
  for (const chunk of chunks) {
    if (bench.session.blocked) break;
    bench.bytes(chunk);
    while (bench.messages.length > 0) {
      const { token, qos, payload } = bench.messages.shift()!;
      if (qos === 1) bench.session.settle(token, { code: payload.length % 2 ? 0 : 0x99 });
    }
  }
  // What it says must be sound MQTT, whatever it heard.
  bench.output();
  if (bench.session.ended) {
    if (bench.assembly.used !== 0) throw new Error('memory of an ended session is not given back');
    if (bench.endDetail === undefined) throw new Error('ended without saying why');
  } else if (bench.assembly.used > 2048) throw new Error('more memory than one packet');
}

describe('hostile input', () => {
  it.each([
    { name: 'before CONNECT', connected: false, runs: 25_000 },
    { name: 'after CONNECT', connected: true, runs: 75_000 },
  ])('100,000 damaged streams: $name', { timeout: 60_000 }, ({ connected, runs }) => {
    fc.assert(
      fc.property(fc.array(damaged, { minLength: 1, maxLength: 3 }), (chunks) => attack(connected, chunks)),
      { numRuns: runs },
    );
  });

  it('an MQTT 3.1.1 session survives the same', () => {
    fc.assert(
      fc.property(fc.array(damaged, { minLength: 1, maxLength: 3 }), (chunks) => {
        const bench = new Bench().connect(4);
        for (const chunk of chunks) if (!bench.session.blocked) bench.bytes(chunk);
        bench.output();
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('the framer', () => {
  const packets = fc.array(
    fc
      .uint8Array({ maxLength: 300 })
      .map((payload) => generate({ ...publishPacket(1), payload: Buffer.from(payload) })),
    { maxLength: 8 },
  );

  it('cuts a stream in the same places however it arrives', () => {
    fc.assert(
      fc.property(
        packets,
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
        (sent, steps) => {
          const budget = new Budget(1 << 20);
          const framer = new PacketFramer(1024, budget);
          const stream = Buffer.concat(sent);
          const received: string[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const step = steps[i % steps.length];
            framer.push(stream.subarray(at, at + step));
            at += step;
            for (let packet = framer.next(); packet; packet = framer.next()) received.push(packet.toString('hex'));
          }
          expect(received).toEqual(sent.map((packet) => packet.toString('hex')));
          expect(budget.used).toBe(0);
        },
      ),
    );
  });
});

describe('the acknowledgement queue', () => {
  it('is a queue, whatever the order of answers', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 200 }), (steps) => {
        const queue = new AckQueue();
        const open: number[] = [];
        const released: number[] = [];
        let next = 0;
        for (const step of steps) {
          if (step < 5 || open.length === 0) open.push(queue.add(next++, 10));
          else queue.settle(open.splice(step % open.length, 1)[0], { code: 0 });
          for (let ready = queue.ready; ready; ready = queue.ready) {
            released.push(ready.messageId);
            queue.shift();
          }
        }
        expect(released).toEqual(Array.from(released, (_, i) => i));
        expect(released.length).toBe(Math.min(next, ...open));
        expect(queue.length).toBe(next - released.length);
      }),
    );
  });
});
