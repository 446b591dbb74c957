import type { Gap, SeqRange } from '@iot/batch';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerView } from '../src/console/data.ts';
import { DepthLog } from '../src/console/depth-log.ts';
import { ledgerSegments, summarizeLedger } from '../src/console/ledger-view.ts';
import { union } from '../src/ledger/ranges.ts';
import { epochView } from '../src/ledger/view.ts';

const view = (change: Partial<LedgerView>): LedgerView => ({
  epoch: '00',
  nextSeq: 1,
  accepted: [],
  elsewhere: [],
  notSeen: [],
  gaps: [],
  onTheWay: 0,
  missing: 0,
  words: 'as the ledger says',
  ...change,
});

const notSeen: { name: string; onTheWay: number; missing: number; state: string }[] = [
  { name: 'all held by the unit', onTheWay: 5, missing: 0, state: 'on-the-way' },
  { name: 'held by nobody', onTheWay: 0, missing: 5, state: 'missing' },
  { name: 'a mixture', onTheWay: 2, missing: 3, state: 'not-seen' },
];

describe('a ledger on the page', () => {
  it.each(notSeen)('numbers not seen, $name: $state', ({ onTheWay, missing, state }) => {
    const given = view({ nextSeq: 11, accepted: [[1, 5]], notSeen: [[6, 10]], onTheWay, missing });
    expect(ledgerSegments(given)).toEqual([
      { from: 1, to: 5, state: 'accepted' },
      { from: 6, to: 10, state },
    ]);
    expect(summarizeLedger(given)).toMatchObject({ completeTo: 5, counts: { 'on-the-way': onTheWay, missing } });
  });

  it('every seq that the gateway accounts for is in one segment, whatever was accepted and stated', () => {
    const range = fc
      .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 }))
      .map(([from, more]): [number, number] => [from, from + more]);
    const ranges = fc
      .array(range, { maxLength: 6 })
      .map((list) => list.reduce<SeqRange[]>((all, one) => union(all, [one]), []));
    fc.assert(
      fc.property(
        ranges,
        ranges,
        ranges,
        fc.integer({ min: 82, max: 90 }),
        fc.nat(30),
        (accepted, stated, lost, nextSeq, batches) => {
          const statement = {
            unit: 'u',
            vehicle: 'v',
            epoch: new Uint8Array(16),
            nextSeq,
            accepted: stated,
            gaps: gapsOf(lost),
            depth: { batches, bytes: 0 },
          };
          const record = { unit: 'u', epoch: '00'.repeat(16), vehicles: ['v'], accepted, firstMs: 0, lastMs: 0 };
          const { segments, counts, nextSeq: next } = summarizeLedger(epochView(record, [{ statement, heardMs: 0 }]));
          const seqs = segments.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
          expect(seqs).toEqual(Array.from({ length: next - 1 }, (_, i) => i + 1));
          expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(next - 1);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function gapsOf(ranges: readonly SeqRange[]): Gap[] {
  return ranges.map(([from, to]) => ({ from, to, reason: 'evicted' }));
}

describe('the log of store depths', () => {
  it('keeps its size, the newest sample and the order of time', () => {
    const log = new DepthLog();
    for (let i = 0; i < 10_000; i++) log.add('u', { batches: i, bytes: i, atMs: i * 1000 });
    const samples = log.of('u');
    expect(samples.length).toBeLessThanOrEqual(360);
    expect(samples.at(-1)).toMatchObject({ timeMs: 9_999_000, batches: 9999 });
    expect(samples.map(({ timeMs }) => timeMs)).toEqual(samples.map(({ timeMs }) => timeMs).sort((a, b) => a - b));
    expect(log.newest('u')?.batches).toBe(9999);
  });

  it('leaves out what is older than what it has', () => {
    const log = new DepthLog();
    log.add('u', { batches: 1, bytes: 1, atMs: 5000 });
    log.add('u', { batches: 9, bytes: 9, atMs: 4000 });
    expect(log.of('u')).toEqual([{ timeMs: 5000, batches: 1, bytes: 1 }]);
  });
});
