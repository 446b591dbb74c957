import { type Gap, hexOf, type SeqRange, type Statement } from '@iot/batch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeardStatement } from '../../src/ledger/account.ts';
import { rangesOf } from '../../src/ledger/account.ts';
import { countOf, union } from '../../src/ledger/ranges.ts';
import { type EpochRecord, type EpochView, epochView } from '../../src/ledger/view.ts';
import { idOf } from '../support/batches.ts';

const EPOCH = idOf('epoch-1');
const record = (accepted: readonly SeqRange[]): EpochRecord => ({
  unit: 'unit-1',
  epoch: hexOf(EPOCH),
  vehicles: ['taxi-12'],
  accepted,
  firstMs: 1_000,
  lastMs: 2_000,
});

function heard(parts: Partial<Statement>): HeardStatement {
  const depth = { batches: 0, bytes: 0 };
  const statement = { unit: 'unit-1', vehicle: 'taxi-12', epoch: EPOCH, nextSeq: 1, accepted: [], gaps: [], depth };
  return { statement: { ...statement, ...parts }, heardMs: 3_000 };
}

const gap = (from: number, to: number, reason: Gap['reason'] = 'evicted', detail?: string): Gap => ({
  from,
  to,
  reason,
  ...(detail !== undefined && { detail }),
});

const cases: readonly {
  readonly name: string;
  readonly accepted: readonly SeqRange[];
  readonly heard: readonly HeardStatement[];
  readonly expected: Partial<EpochView>;
}[] = [
  {
    name: 'all here, one gap with its reason',
    accepted: [
      [1, 309],
      [323, 1204],
    ],
    heard: [
      heard({
        nextSeq: 1205,
        accepted: [
          [1, 309],
          [323, 1204],
        ],
        gaps: [gap(310, 322, 'evicted', 'store full')],
      }),
    ],
    expected: { missing: 0, onTheWay: 0, words: 'complete to 1,204; 0 missing; gap 310–322: evicted, store full' },
  },
  {
    name: 'what the unit still holds is on the way, not missing',
    accepted: [[8, 10]],
    heard: [heard({ nextSeq: 11, accepted: [[8, 10]], depth: { batches: 7, bytes: 700 } })],
    expected: {
      notSeen: [[1, 7]],
      missing: 0,
      onTheWay: 7,
      words: "complete to 0; 0 missing; 7 on the way, 7 in the unit's store when it last said so",
    },
  },
  {
    name: 'what the unit neither holds nor calls settled is missing',
    accepted: [
      [1, 4],
      [8, 10],
    ],
    heard: [
      heard({
        nextSeq: 11,
        accepted: [
          [1, 4],
          [8, 10],
        ],
        depth: { batches: 0, bytes: 0 },
      }),
    ],
    expected: { notSeen: [[5, 7]], missing: 3, onTheWay: 0, words: 'complete to 4; 3 missing (5–7)' },
  },
  {
    name: 'what came since the statement is not on the way any more',
    accepted: [[1, 10]],
    heard: [heard({ nextSeq: 11, accepted: [[8, 10]], depth: { batches: 7, bytes: 700 } })],
    expected: { notSeen: [], missing: 0, onTheWay: 0, words: 'complete to 10; 0 missing' },
  },
  {
    name: 'what another gateway acknowledged was accepted elsewhere',
    accepted: [[1, 3]],
    heard: [heard({ nextSeq: 9, accepted: [[1, 8]] })],
    expected: { elsewhere: [[4, 8]], missing: 0, words: 'complete to 3; 0 missing; accepted elsewhere 4–8' },
  },
  {
    name: 'accepted beats a gap that was stated',
    accepted: [[1, 5]],
    heard: [heard({ nextSeq: 8, gaps: [gap(4, 7, 'tail-unknown')] })],
    expected: { gaps: [gap(6, 7, 'tail-unknown')], words: 'complete to 7; 0 missing; gap 6–7: tail-unknown' },
  },
  {
    name: 'before a statement holes are the order of sending',
    accepted: [[5, 6]],
    heard: [],
    expected: {
      nextSeq: 7,
      missing: 0,
      words: 'complete to 0; 0 missing; 4 not seen, the unit has not said what it holds',
    },
  },
  {
    name: 'an epoch that was continued is closed, and its unknown tail is a gap',
    accepted: [[1, 5]],
    heard: [
      heard({ nextSeq: 9, accepted: [[1, 4]], depth: { batches: 4, bytes: 1 } }),
      heard({
        epoch: idOf('epoch-2'),
        predecessor: { epoch: EPOCH, nextSeq: 9, accepted: [[1, 4]], gaps: [gap(5, 8, 'tail-unknown', 'store lost')] },
      }),
    ],
    expected: {
      gaps: [gap(6, 8, 'tail-unknown', 'store lost')],
      missing: 0,
      words: `complete to 8; 0 missing; gap 6–8: tail-unknown, store lost; closed, continued by epoch ${hexOf(idOf('epoch-2')).slice(0, 8)}`,
    },
  },
  {
    name: 'of a closed epoch nothing is on the way',
    accepted: [[1, 2]],
    heard: [
      heard({ nextSeq: 6, depth: { batches: 5, bytes: 1 } }),
      heard({ epoch: idOf('epoch-2'), predecessor: { epoch: EPOCH, nextSeq: 4, accepted: [], gaps: [] } }),
    ],
    expected: { missing: 3, onTheWay: 0, notSeen: [[3, 5]] },
  },
  { name: 'nothing yet', accepted: [], heard: [heard({})], expected: { nextSeq: 1, words: 'nothing sent yet' } },
];

describe('a view of an epoch', () => {
  it.each(cases)('$name', ({ accepted, heard, expected }) => {
    expect(epochView(record(accepted), heard)).toMatchObject(expected);
  });

  const seq = fc.integer({ min: 1, max: 60 });
  const set = fc.array(fc.tuple(seq, fc.integer({ min: 0, max: 6 })), { maxLength: 8 }).map((pairs) =>
    union(
      pairs.map(([from, more]): SeqRange => [from, from + more]),
      [],
    ),
  );
  const gaps = set.map((ranges) => ranges.map(([from, to]) => gap(from, to)));

  it('puts every number below nextSeq into exactly one class, and lets nobody take back what was accepted', () => {
    fc.assert(
      fc.property(
        set,
        set,
        gaps,
        seq,
        fc.nat(80),
        fc.option(fc.tuple(set, gaps, seq)),
        (here, stated, lost, next, batches, closing) => {
          const nextSeq = Math.max(next, (stated.at(-1)?.[1] ?? 0) + 1, (lost.at(-1)?.to ?? 0) + 1);
          const statements = [heard({ nextSeq, accepted: stated, gaps: lost, depth: { batches, bytes: 0 } })];
          if (closing) {
            const [accepted, closingGaps] = closing;
            const predecessor = { epoch: EPOCH, nextSeq: 80, accepted, gaps: closingGaps };
            statements.push(heard({ epoch: idOf('epoch-2'), predecessor }));
          }
          const view = epochView(record(here), statements);
          const classes = [view.accepted, rangesOf(view.gaps), view.elsewhere, view.notSeen];
          const counted = classes.reduce((sum, ranges) => sum + countOf(ranges), 0);
          expect(counted).toBe(view.nextSeq - 1);
          expect(union(classes.flat(), [])).toEqual(view.nextSeq > 1 ? [[1, view.nextSeq - 1]] : []);
          expect(view.accepted).toEqual(here);
          expect(view.missing + view.onTheWay).toBe(countOf(view.notSeen));
          expect(Math.min(view.missing, view.onTheWay)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
