import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Lane, Statement } from '@iot/batch';
import { describe, expect, it } from 'vitest';
import { StoreEngine } from '../../src/store/engine.ts';
import { budgetOf } from '../../src/store/room.ts';
import { batchAt, OFFER_ALL, optionsIn, testFolder } from './batches.ts';

const MIB = 1024 ** 2;
/** About 3 KiB encoded: a page each. */
const BALLAST = 3000;

function smallStore(bytesMax = MIB) {
  const options = optionsIn(testFolder(), { bytesMax });
  return { options, store: new StoreEngine(options, randomBytes) };
}
const big = (i: number, lane: Lane = 'live') => batchAt(i * 1000, { lane, ballast: BALLAST });
const pendingSeqs = (store: StoreEngine): number[] =>
  store
    .offer(OFFER_ALL)
    .map(({ seq }) => seq)
    .sort((a, b) => a - b);
const count = (ranges: readonly (readonly [number, number])[]): number =>
  ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
const gapCount = ({ gaps }: Statement): number => count(gaps.map(({ from, to }) => [from, to]));

describe('a full store', () => {
  it('evicts the oldest, states one gap, and stays within its bound', () => {
    const { options, store } = smallStore();
    for (let i = 0; i < 500; i++) store.commit([big(i)]);
    const statement = store.statement();
    expect(statement.gaps).toEqual([{ from: 1, to: gapCount(statement), reason: 'evicted', detail: 'store full' }]);
    expect(gapCount(statement) + store.depth().batches).toBe(500);
    expect(store.depth().batches).toBeGreaterThan(20);
    expect(statSync(options.path).size).toBeLessThan(MIB);
    expect(store.depth().fileBytes + budgetOf(MIB).walBytes).toBeLessThan(1.05 * MIB);
    store.close();
  });

  it('gives up what is accepted first, without a gap', () => {
    const { store } = smallStore();
    for (let i = 0; i < 40; i++) store.commit([big(i)]);
    store.offer(OFFER_ALL);
    store.accepted(Array.from({ length: 20 }, (_, i) => i + 21));
    store.offer({ ...OFFER_ALL, limit: 0 });
    const { kept } = store.depth();
    expect(kept).toBe(20);
    while (store.depth().kept > 0) store.commit([big(100)]);
    expect(store.statement().gaps).toEqual([]);
    expect(store.statement().accepted).toEqual([[21, 40]]);
    expect(store.resend([[1, 1000]])).toEqual({ batches: 0 });
    store.close();
  });

  it('gives up backlog before live, and live before alerts', () => {
    const { store } = smallStore();
    const lanes: Lane[] = ['alert', 'backlog', 'live'];
    const laneOf = (seq: number): Lane => (seq <= 60 ? lanes[(seq - 1) % 3] : 'alert');
    for (let i = 0; i < 60; i++) store.commit([big(i, laneOf(i + 1))]);
    const order: Lane[] = [];
    const seen = new Set<number>();
    for (let i = 60; i < 300; i++) {
      store.commit([big(i, 'alert')]);
      for (const { from, to } of store.statement().gaps)
        for (let seq = from; seq <= to; seq++) {
          if (!seen.has(seq)) order.push(laneOf(seq));
          seen.add(seq);
        }
    }
    const runs = order.filter((lane, i) => lane !== order[i - 1]);
    expect(runs).toEqual(['backlog', 'live', 'alert']);
    store.close();
  });

  it('never evicts what is in flight', () => {
    const { store } = smallStore();
    for (let i = 0; i < 10; i++) store.commit([big(i, 'backlog')]);
    const flying = store.offer({ ...OFFER_ALL, limit: 5 }).map(({ seq }) => seq);
    for (let i = 10; i < 300; i++) store.commit([big(i, 'alert')]);
    store.accepted(flying);
    expect(store.statement().accepted).toEqual([[6, 10]]);
    store.close();
  });

  it('hands out no more than half of its room, so that it can always evict', () => {
    const { store } = smallStore();
    for (let i = 0; i < 200; i++) store.commit([big(i)]);
    const offers = store.offer(OFFER_ALL);
    expect(offers.length).toBeLessThan(store.depth().batches);
    const inFlight = offers.map(({ seq }) => seq);
    expect(store.offer({ ...OFFER_ALL, inFlight })).toEqual([]);
    for (let i = 200; i < 400; i++) store.commit([big(i)]);
    expect(store.depth().batches).toBeGreaterThanOrEqual(offers.length);
    store.close();
  });

  it('takes a commit that is larger than itself: what does not stay is a gap from the start', () => {
    const { store } = smallStore();
    const { seqs } = store.commit(Array.from({ length: 300 }, (_, i) => big(i)));
    expect(seqs).toHaveLength(300);
    const statement = store.statement();
    expect(statement.nextSeq).toBe(301);
    expect(gapCount(statement) + store.depth().batches).toBe(300);
    expect(pendingSeqs(store).at(-1)).toBe(300);
    store.close();
  });

  it('tells what it evicted', () => {
    const { store } = smallStore();
    store.takeNotices();
    store.commit(Array.from({ length: 300 }, (_, i) => big(i)));
    const [notice] = store.takeNotices();
    expect(notice.name).toBe('store-evicted');
    expect(notice.attributes).toMatchObject({ firstSeq: 1, batches: gapCount(store.statement()) });
    expect(notice.attributes.readings).toBe(6 * gapCount(store.statement()));
    store.close();
  });

  it('keeps the quarantine bounded', () => {
    const { store } = smallStore();
    for (let i = 0; i < 200; i++) {
      store.commit([big(i)]);
      const [offer] = store.offer(OFFER_ALL);
      store.refused(offer.seq, `detail ${i % 2}`);
    }
    expect(gapCount(store.statement())).toBe(200);
    expect(store.depth().fileBytes).toBeLessThan(MIB);
    store.close();
  });

  it('states no more ranges than a message holds, and all of them by and by', () => {
    const { store } = smallStore(64 * MIB);
    store.commit(Array.from({ length: 2500 }, (_, i) => batchAt(i)));
    const digested = store.offer({ ...OFFER_ALL, limit: 2500 }).map(({ seq }) => seq);
    expect(digested).toHaveLength(2500);
    store.accepted(digested.filter((seq) => seq % 2 === 1));
    const heard = new Set<number>();
    for (let turn = 0; turn < 5; turn++) {
      const { accepted } = store.statement();
      expect(accepted.length).toBeLessThanOrEqual(250);
      for (const [from] of accepted) heard.add(from);
    }
    expect(heard.size).toBe(1250);
    store.close();
  });

  it('refuses a bound that it cannot work in', () => {
    expect(() => smallStore(100_000)).toThrow(/store\.bytesMax/);
  });
});
