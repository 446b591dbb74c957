import { describe, expect, it } from 'vitest';
import { Withheld } from '../../src/accept/withheld.ts';
import { NO_DATA_PLANE_METRICS } from '../../src/spool/metrics.ts';
import { batchOf } from '../support/batches.ts';
import { ManualClock } from '../support/clock.ts';
import { openPlane, silent } from '../support/plane.ts';
import { MemorySink, settle } from '../support/sinks.ts';

const ACCEPTED = { kind: 'accepted', duplicate: false };

/** A plane under `ack: kafka`, beside a history. */
async function openWithheld(bytesMax = 1e6, sinks: readonly string[] = ['history', 'kafka']) {
  const kafka = new MemorySink('kafka');
  const clock = new ManualClock();
  const queue = new Withheld({
    sink: kafka,
    clock,
    random: () => 0,
    metrics: NO_DATA_PLANE_METRICS,
    log: silent,
    withholdMsMax: 10_000,
    bytesMax,
    groupBytesMax: 1e6,
  });
  const plane = await openPlane({ sinks, withheld: { sink: 'kafka', queue } });
  await plane.learn();
  const accept = (seq: number) => plane.acceptor.accept('batch', 'unit-1', batchOf(seq));
  return { ...plane, kafka, kafkaClock: clock, queue, accept };
}

describe('ack: kafka', () => {
  it('accepts once Kafka holds it, and owes it to the others only', async () => {
    const { accept, kafka, spool } = await openWithheld();
    expect(await accept(1)).toEqual(ACCEPTED);
    expect(kafka.seqs).toEqual([1]);
    expect(await spool.next('kafka', 1e6, 10)).toEqual([]);
    expect(await spool.next('history', 1e6, 10)).toHaveLength(1);
  });

  it('records the acceptance also where no other sink is owed the batch', async () => {
    const { accept, spool } = await openWithheld(1e6, ['kafka']);
    expect(await accept(1)).toEqual(ACCEPTED);
    expect(await accept(1)).toEqual({ kind: 'accepted', duplicate: true });
    expect((await spool.ledger('unit-1'))[0].accepted).toEqual([[1, 1]]);
    expect(await spool.status()).toMatchObject({ entries: 0 });
  });

  it('withholds while Kafka is away, and accepts nothing in the meantime', async () => {
    const { accept, kafka, kafkaClock, spool } = await openWithheld();
    kafka.away = true;
    const verdict = accept(1);
    await settle(() => kafkaClock.timers === 1);
    expect((await spool.ledger('unit-1')).length).toBe(0);
    kafka.away = false;
    kafkaClock.advance(5_000);
    expect(await verdict).toEqual(ACCEPTED);
  });

  it('says later after its bound, and takes the repeat', async () => {
    const { accept, kafka, kafkaClock } = await openWithheld();
    kafka.away = true;
    const verdict = accept(1);
    await settle(() => kafkaClock.timers === 1);
    kafkaClock.advance(10_000);
    expect(await verdict).toMatchObject({ kind: 'later' });
    kafka.away = false;
    expect(await accept(1)).toEqual(ACCEPTED);
  });

  it('says later at once where too much is withheld already', async () => {
    const { accept, kafka, kafkaClock, queue } = await openWithheld(200);
    kafka.away = true;
    const first = accept(1);
    await settle(() => kafkaClock.timers === 1);
    expect(await accept(2)).toMatchObject({ kind: 'later' });
    expect(await Promise.race([first, 'still withheld'])).toBe('still withheld');
    queue.stop();
    expect(await first).toMatchObject({ kind: 'later' });
  });

  it('answers a duplicate from the ledger, without Kafka', async () => {
    const { accept, kafka } = await openWithheld();
    await accept(1);
    kafka.away = true;
    expect(await accept(1)).toEqual({ kind: 'accepted', duplicate: true });
    expect(kafka.seqs).toEqual([1]);
  });
});
