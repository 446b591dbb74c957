import { hexOf } from '@iot/batch';
import { describe, expect, it } from 'vitest';
import { batchOf, idOf, statementOf } from '../support/batches.ts';
import { openPlane } from '../support/plane.ts';

type Plane = Awaited<ReturnType<typeof openPlane>>;

async function acceptAll({ acceptor }: Plane, batches: readonly Uint8Array[]): Promise<void> {
  for (const batch of batches)
    expect(await acceptor.accept('batch', 'unit-1', batch)).toMatchObject({ kind: 'accepted' });
}

const seqsOf = (entries: readonly { head: { seq: number } }[]): number[] => entries.map(({ head }) => head.seq);

describe('what a sink should take next', () => {
  it('is alerts first, live with the newest first, then backlog', async () => {
    const plane = await openPlane();
    await plane.learn();
    await acceptAll(plane, [
      batchOf(1, { lane: 'backlog' }),
      batchOf(2, { lane: 'live' }),
      batchOf(3, { lane: 'alert' }),
      batchOf(4, { lane: 'backlog' }),
      batchOf(5, { lane: 'live' }),
      batchOf(6, { lane: 'alert' }),
    ]);
    expect(seqsOf(await plane.spool.next('history', 1e6, 10))).toEqual([3, 6, 5, 2, 1, 4]);
    expect(seqsOf(await plane.spool.next('history', 1e6, 4))).toEqual([3, 6, 5, 2]);
    expect(seqsOf(await plane.spool.next('history', 1, 10))).toEqual([3]);
  });

  it('is its own affair: an entry leaves when every sink holds it', async () => {
    const plane = await openPlane({ sinks: ['history', 'kafka'] });
    await plane.learn();
    await acceptAll(plane, [batchOf(1), batchOf(2)]);
    const positions = (await plane.spool.next('history', 1e6, 10)).map(({ position }) => position);
    await plane.spool.write({ kind: 'confirm', sink: 'history', positions });
    await plane.spool.write({ kind: 'confirm', sink: 'history', positions });
    expect(await plane.spool.next('history', 1e6, 10)).toEqual([]);
    expect(seqsOf(await plane.spool.next('kafka', 1e6, 10))).toEqual([2, 1]);
    expect(await plane.spool.status()).toMatchObject({ entries: 2 });
    await plane.spool.write({ kind: 'confirm', sink: 'kafka', positions });
    expect(await plane.spool.status()).toMatchObject({ entries: 0, bytes: 0 });
  });
});

describe('a restart', () => {
  it('goes on with what is owed, the same id and higher positions', async () => {
    const first = await openPlane();
    await first.learn();
    await acceptAll(first, [batchOf(1), batchOf(2)]);
    const [newest] = await first.spool.next('history', 1e6, 1);
    await first.spool.write({ kind: 'confirm', sink: 'history', positions: [newest.position] });
    await first.close();
    const second = await openPlane({ path: first.path });
    expect(second.spool.gateway).toBe(first.spool.gateway);
    expect(seqsOf(await second.spool.next('history', 1e6, 10))).toEqual([1]);
    await acceptAll(second, [batchOf(3)]);
    expect((await second.spool.next('history', 1e6, 1))[0].position).toBeGreaterThan(newest.position);
  });

  it('with another set of sinks lets go of what only a sink that is gone was owed', async () => {
    const first = await openPlane({ sinks: ['kafka'] });
    await first.learn();
    await acceptAll(first, [batchOf(1)]);
    await first.close();
    const second = await openPlane({ path: first.path, sinks: ['history'] });
    expect(await second.spool.status()).toMatchObject({ entries: 0 });
    await acceptAll(second, [batchOf(2)]);
    expect(seqsOf(await second.spool.next('history', 1e6, 10))).toEqual([2]);
  });

  it('keeps a file to itself', async () => {
    const first = await openPlane();
    await expect(openPlane({ path: first.path })).rejects.toThrow(/is open in another process/);
  }, 20_000);
});

describe('the ledger', () => {
  it('answers from what was accepted and stated, over restarts', async () => {
    const first = await openPlane();
    await first.learn();
    await acceptAll(first, [batchOf(5), batchOf(1), batchOf(4, { vehicle: 'truck-7' }), batchOf(2)]);
    const statement = statementOf({
      nextSeq: 7,
      accepted: [[4, 5]],
      gaps: [{ from: 3, to: 3, reason: 'evicted', detail: 'store full' }],
      depth: { batches: 3, bytes: 300 },
    });
    expect(await first.acceptor.accept('statement', 'unit-1', statement)).toMatchObject({ kind: 'accepted' });
    await first.close();
    const { spool } = await openPlane({ path: first.path });
    const [view] = await spool.ledger('unit-1');
    expect(view).toMatchObject({
      epoch: hexOf(idOf('epoch-1')),
      vehicles: ['truck-7', 'taxi-12'],
      accepted: [
        [1, 2],
        [4, 5],
      ],
      onTheWay: 1,
      missing: 0,
      words:
        "complete to 5; 0 missing; 1 on the way, 3 in the unit's store when it last said so; gap 3: evicted, store full",
    });
    expect(await spool.units()).toEqual([{ unit: 'unit-1', lastMs: expect.any(Number) }]);
    expect(await spool.ledger('unit-9')).toEqual([]);
  });

  it('keeps the epochs of a unit that it heard of last', async () => {
    const { acceptor, spool, clock, learn } = await openPlane({ bounds: { epochsPerUnit: 2 } });
    await learn();
    for (const epoch of ['a', 'b', 'c']) {
      clock.advance(1);
      await acceptor.accept('batch', 'unit-1', batchOf(1, { epoch: idOf(epoch) }));
    }
    const epochs = (await spool.ledger('unit-1')).map(({ epoch }) => epoch);
    expect(epochs).toEqual([hexOf(idOf('c')), hexOf(idOf('b'))]);
  });
});

describe('status', () => {
  it('says for each sink since when it is owed something', async () => {
    const plane = await openPlane({ sinks: ['history', 'kafka'] });
    await plane.learn();
    const sinceMs = plane.clock.nowMs();
    await acceptAll(plane, [batchOf(1, { lane: 'backlog' })]);
    plane.clock.advance(5_000);
    await acceptAll(plane, [batchOf(2, { lane: 'alert' })]);
    const [alert] = await plane.spool.next('history', 1e6, 1);
    await plane.spool.write({ kind: 'confirm', sink: 'kafka', positions: [alert.position] });
    const { sinks, entries } = await plane.spool.status();
    expect(entries).toBe(2);
    expect(sinks).toEqual([
      { sink: 'history', entries: 2, oldestMs: sinceMs },
      { sink: 'kafka', entries: 1, oldestMs: sinceMs },
    ]);
  });
});
