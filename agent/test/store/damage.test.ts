import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { StoreEngine } from '../../src/store/engine.ts';
import { batchAt, OFFER_ALL, optionsIn, testFolder } from './batches.ts';

const PAGE = 4096;
const seqsOf = (offers: readonly { seq: number }[]): number[] => offers.map(({ seq }) => seq).sort((a, b) => a - b);

describe('damage that shows while the store runs', () => {
  it('in pages that are read: what reads is saved under a new epoch, and the call is done', () => {
    const options = optionsIn(testFolder());
    const store = new StoreEngine(options, randomBytes);
    const count = 3000;
    for (let i = 0; i < count; i += 100)
      store.commit(Array.from({ length: 100 }, (_, j) => batchAt((i + j) * 1000, { ballast: 3000 })));
    const { epoch } = store;
    overwritePages(options.path, 0.02);
    const offers = store.offer({ ...OFFER_ALL, limit: count });
    expect(store.epoch).not.toBe(epoch);
    expect(offers.length).toBeGreaterThan(count / 2);
    expect(seqsOf(offers)).toEqual(Array.from({ length: offers.length }, (_, i) => i + 1));
    const { predecessor } = store.statement();
    const said = predecessor!.gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    expect(said).toBe(predecessor!.nextSeq - 1);
    const corrupt = predecessor!.gaps.filter(({ reason }) => reason === 'corrupt');
    expect(corrupt.reduce((sum, { from, to }) => sum + to - from + 1, 0)).toBe(count - offers.length);
    expect(store.commit([batchAt(0)]).seqs).toEqual([offers.length + 1]);
    store.close();
  });

  it('an answer to a batch of the epoch before means nothing to the one that got its number', () => {
    const options = optionsIn(testFolder());
    const store = new StoreEngine(options, randomBytes);
    store.commit(Array.from({ length: 3000 }, (_, i) => batchAt(i * 1000, { ballast: 3000 })));
    const [late] = store.offer({ ...OFFER_ALL, limit: 1, lanes: ['live'] });
    overwritePages(options.path, 0.02);
    store.offer({ ...OFFER_ALL, limit: 3000, inFlight: [late.seq, 1] });
    store.accepted([1]);
    expect(store.statement().accepted).toEqual([]);
    store.close();
  });

  it('in a body: that batch alone is a gap, and said to be corrupt', () => {
    const options = optionsIn(testFolder());
    const first = new StoreEngine(options, randomBytes);
    first.commit([0, 1, 2].map((i) => batchAt(i * 1000)));
    first.close();
    const db = new Database(options.path);
    db.exec('UPDATE body SET bytes = zeroblob(length(bytes)) WHERE id = 2');
    db.close();
    const store = new StoreEngine(options, randomBytes);
    store.takeNotices();
    expect(seqsOf(store.offer(OFFER_ALL))).toEqual([1, 3]);
    expect(store.statement().gaps).toMatchObject([{ from: 2, to: 2, reason: 'corrupt' }]);
    expect(store.takeNotices()).toEqual([{ name: 'batch-corrupt', attributes: { seq: 2, readings: 6 } }]);
    store.close();
  });

  it('a batch that the codec now gives other bytes is sent under a new epoch, never under its old digest', () => {
    const options = optionsIn(testFolder());
    const first = new StoreEngine(options, randomBytes);
    first.commit([0, 1].map((i) => batchAt(i * 1000)));
    first.offer(OFFER_ALL);
    first.close();
    const db = new Database(options.path);
    db.exec("UPDATE batch SET digest = '00000000000000000000000000000000' WHERE seq = 2");
    db.close();
    const store = new StoreEngine(options, randomBytes);
    const { epoch } = store;
    expect(store.offer(OFFER_ALL)).toEqual([]);
    expect(store.epoch).not.toBe(epoch);
    expect(seqsOf(store.offer(OFFER_ALL))).toEqual([1, 2]);
    store.close();
  });
});

/** Overwrites a share of the pages of the main file, where SQLite has not cached them, from the middle on. */
function overwritePages(path: string, share: number): void {
  const pages = Math.floor(statSync(path).size / PAGE);
  expect(readFileSync(path).length).toBeGreaterThan(4 * 1024 ** 2);
  const file = openSync(path, 'r+');
  const step = Math.floor(1 / share);
  for (let page = 60; page < pages; page += step) writeSync(file, Buffer.alloc(PAGE, 0xee), 0, PAGE, page * PAGE);
  closeSync(file);
}
