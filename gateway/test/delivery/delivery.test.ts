import { BackOff } from '@iot/host';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.ts';
import { NO_DATA_PLANE_METRICS } from '../../src/spool/metrics.ts';
import { batchOf, statementOf } from '../support/batches.ts';
import { openPlane, silent } from '../support/plane.ts';
import { MemorySink, settle } from '../support/sinks.ts';

async function openDelivery(sinks: readonly MemorySink[]) {
  const plane = await openPlane({ sinks: sinks.map(({ name }) => name) });
  const { spool, clock } = plane;
  const delivery = new Delivery({
    sinks,
    spool,
    clock,
    random: () => 0,
    metrics: NO_DATA_PLANE_METRICS,
    log: silent,
    groupCountMax: 4,
  });
  onTestFinished(() => delivery.stop());
  await plane.learn();
  const accept = (...batches: Uint8Array[]) =>
    Promise.all(batches.map((batch) => plane.acceptor.accept('batch', 'unit-1', batch)));
  return { ...plane, delivery, accept };
}

describe('delivery', () => {
  it('brings every entry to every sink, and empties the spool', async () => {
    const sinks = [new MemorySink('history'), new MemorySink('kafka')];
    const { delivery, accept, spool } = await openDelivery(sinks);
    await accept(...Array.from({ length: 10 }, (_, i) => batchOf(i + 1)));
    delivery.start();
    for (const sink of sinks) await sink.until(() => sink.seqs.length === 10);
    await accept(batchOf(11));
    for (const sink of sinks) await sink.until(() => sink.seqs.length === 11);
    await delivery.stop();
    expect(await spool.status()).toMatchObject({ entries: 0, bytes: 0 });
    expect(sinks[0].seqs.slice(0, 4)).toEqual([10, 9, 8, 7]);
  });

  it('to one sink is not held up by another that is away', async () => {
    const [history, kafka] = [new MemorySink('history'), new MemorySink('kafka')];
    kafka.away = true;
    const { delivery, accept, spool, clock } = await openDelivery([history, kafka]);
    delivery.start();
    await accept(batchOf(1), batchOf(2));
    await history.until(() => history.seqs.length === 2);
    await settle(() => clock.timers === 1);
    expect(kafka.seqs).toEqual([]);
    expect((await spool.status()).sinks.find(({ sink }) => sink === 'kafka')).toMatchObject({ entries: 2 });
    kafka.away = false;
    clock.advance(30_000);
    await kafka.until(() => kafka.seqs.length === 2);
  });

  it('is tried again with growing pauses, which news do not cut short', async () => {
    const sink = new MemorySink();
    sink.away = true;
    const { delivery, accept, clock } = await openDelivery([sink]);
    delivery.start();
    await accept(batchOf(1));
    const pauses = [250, 500, 1_000, 2_000];
    for (const [i, pauseMs] of pauses.entries()) {
      await settle(() => clock.timers === 1 && sink.attempts === i + 1);
      await accept(batchOf(i + 2));
      clock.advance(pauseMs - 1);
      expect(sink.attempts).toBe(i + 1);
      clock.advance(1);
    }
  });

  it('tells a sink the newest statement of an epoch, also one that was away', async () => {
    const sink = new MemorySink();
    sink.away = true;
    const { delivery, acceptor, clock } = await openDelivery([sink]);
    delivery.start();
    await acceptor.accept('statement', 'unit-1', statementOf({ nextSeq: 2 }));
    await settle(() => clock.timers === 1);
    await acceptor.accept('statement', 'unit-1', statementOf({ nextSeq: 9 }));
    sink.away = false;
    clock.advance(30_000);
    await sink.until(() => sink.statements.length > 0);
    await delivery.stop();
    expect(sink.statements.map(({ nextSeq }) => nextSeq)).toEqual([9]);
  });

  it('stops within its back-off, and leaves what is owed in the spool', async () => {
    const sink = new MemorySink();
    sink.away = true;
    const { delivery, accept, spool, clock } = await openDelivery([sink]);
    delivery.start();
    await accept(batchOf(1));
    await settle(() => clock.timers === 1);
    await delivery.stop();
    expect(await spool.status()).toMatchObject({ entries: 1 });
  });
});

describe('back-off', () => {
  it('doubles up to its bound, with half of it jitter, and starts over', () => {
    const backOff = new BackOff({ firstMs: 100, maxMs: 350, random: () => 0.5 });
    expect([0, 1, 2, 3].map(() => backOff.nextMs())).toEqual([75, 150, 262.5, 262.5]);
    backOff.reset();
    expect(backOff.nextMs()).toBe(75);
  });
});
