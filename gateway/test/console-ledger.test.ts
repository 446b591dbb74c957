import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerView } from '../src/console/data.ts';
import { DepthLog } from '../src/console/depth-log.ts';
import { ledgerSegments, summarizeLedger } from '../src/console/ledger-view.ts';

const view = (change: Partial<LedgerView>): LedgerView => ({
  epoch: '00',
  nextSeq: 1,
  accepted: [],
  acknowledged: [],
  gaps: [],
  ...change,
});

const evicted = { reason: 'evicted', detail: 'store full' } as const;

const words: { name: string; view: Partial<LedgerView>; words: string }[] = [
  { name: 'a new store', view: {}, words: 'nothing sent yet; 0 missing' },
  { name: 'all accepted', view: { nextSeq: 1205, accepted: [[1, 1204]] }, words: 'complete to 1,204; 0 missing' },
  {
    name: 'a gap with its reason',
    view: {
      nextSeq: 1205,
      accepted: [
        [1, 309],
        [323, 1204],
      ],
      gaps: [{ from: 310, to: 322, ...evicted }],
    },
    words: 'complete to 1,204; 0 missing; gap 310–322: evicted, store full',
  },
  {
    name: 'newest first: the backlog is what is on the way',
    view: {
      nextSeq: 101,
      accepted: [
        [1, 40],
        [91, 100],
      ],
    },
    words: 'complete to 40; 0 missing; 50 on the way',
  },
  {
    name: 'acknowledged by a gateway that is not this one',
    view: {
      nextSeq: 11,
      accepted: [
        [1, 3],
        [6, 10],
      ],
      acknowledged: [[1, 10]],
    },
    words: 'complete to 3; 2 not seen here (4–5)',
  },
  {
    name: 'accepted beats gap',
    view: { nextSeq: 11, accepted: [[1, 10]], gaps: [{ from: 4, to: 5, reason: 'corrupt' }] },
    words: 'complete to 10; 0 missing',
  },
  {
    name: 'more gaps than one wants to read',
    view: {
      nextSeq: 11,
      accepted: [
        [1, 1],
        [3, 3],
        [5, 5],
        [7, 7],
        [9, 9],
      ],
      gaps: [2, 4, 6, 8, 10].map((seq) => ({ from: seq, to: seq, reason: 'corrupt' })),
    },
    words: 'complete to 10; 0 missing; gap 4: corrupt; gap 6: corrupt; gap 8: corrupt; gap 10: corrupt; 1 earlier gaps',
  },
];

describe('a ledger in words', () => {
  it.each(words)('$name', (row) => {
    expect(summarizeLedger(view(row.view)).words).toBe(row.words);
  });
});

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, more]): [number, number] => [from, from + more]);
const anyView = fc.record({
  nextSeq: fc.integer({ min: 1, max: 60 }),
  accepted: fc.array(range, { maxLength: 6 }),
  acknowledged: fc.array(range, { maxLength: 6 }),
  gaps: fc.array(
    range.map(([from, to]) => ({ from, to, reason: 'evicted' as const })),
    { maxLength: 6 },
  ),
});

describe('segments', () => {
  it('put every seq below nextSeq into the state that its ranges say, once', () => {
    fc.assert(
      fc.property(anyView, (change) => {
        const given = view(change);
        const within = (ranges: readonly (readonly [number, number])[], seq: number): boolean =>
          ranges.some(([from, to]) => seq >= from && seq <= to);
        const expected = Array.from({ length: given.nextSeq - 1 }, (_, i) => {
          if (within(given.accepted, i + 1)) return 'accepted';
          if (
            within(
              given.gaps.map(({ from, to }) => [from, to] as const),
              i + 1,
            )
          )
            return 'gap';
          return within(given.acknowledged, i + 1) ? 'missing' : 'on-the-way';
        });
        const got = ledgerSegments(given).flatMap(({ from, to, state }) =>
          Array.from({ length: to - from + 1 }, () => state),
        );
        expect(got).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('join where nothing changes', () => {
    const segments = ledgerSegments(
      view({
        nextSeq: 5,
        accepted: [
          [1, 2],
          [3, 4],
        ],
      }),
    );
    expect(segments).toEqual([{ from: 1, to: 4, state: 'accepted' }]);
  });
});

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
