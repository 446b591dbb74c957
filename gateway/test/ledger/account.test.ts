import { type Gap, hexOf, type SeqRange, type Statement } from '@iot/batch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Account, addAccount, RANGES_KEPT_MAX, rangesOf, statedOf } from '../../src/ledger/account.ts';
import { contains, countOf, union } from '../../src/ledger/ranges.ts';
import { viewOf } from '../../src/ledger/view.ts';
import { idOf } from '../support/batches.ts';

const LAST = 60;
type Fate = 'accepted' | 'evicted' | 'refused' | 'pending';
const fates = fc.array(fc.constantFrom<Fate>('accepted', 'evicted', 'refused', 'pending'), { maxLength: LAST });

/** What a store says whose seqs, from 1, met these fates. */
function accountOf(met: readonly Fate[]): Account {
  const seqsOf = (fate: Fate): SeqRange[] =>
    met.flatMap((its, i): SeqRange[] => (its === fate ? [[i + 1, i + 1]] : []));
  const gapsOf = (reason: 'evicted' | 'refused'): Gap[] =>
    union(seqsOf(reason), []).map(([from, to]) => ({ from, to, reason }));
  const gaps = [...gapsOf('evicted'), ...gapsOf('refused')].sort((a, b) => a.from - b.from);
  return { nextSeq: met.length + 1, accepted: union(seqsOf('accepted'), []), gaps };
}

/** The account in windows of `size` ranges of a kind. */
function windowsOf({ nextSeq, accepted, gaps }: Account, size: number): Account[] {
  const windows = Math.max(1, Math.ceil(Math.max(accepted.length, gaps.length) / size));
  return Array.from({ length: windows }, (_, i) => {
    const span = [i * size, (i + 1) * size] as const;
    return { nextSeq, accepted: accepted.slice(...span), gaps: gaps.slice(...span) };
  });
}

const summed = (accounts: readonly Account[]): Account | undefined =>
  accounts.reduce<Account | undefined>(addAccount, undefined);

const shuffledWindows = fc
  .tuple(fates, fc.integer({ min: 1, max: 5 }))
  .map(([met, size]) => ({ whole: accountOf(met), windows: windowsOf(accountOf(met), size) }))
  .chain(({ whole, windows }) =>
    fc
      .tuple(
        fc.shuffledSubarray(windows, { minLength: windows.length }),
        fc.array(fc.constantFrom(...windows), { maxLength: 9 }),
      )
      .map(([order, repeats]) => ({ whole, order, repeats })),
  );

describe('statements of an epoch', () => {
  it('add up to the whole account, whatever the order of windows, and repeats change nothing', () => {
    fc.assert(
      fc.property(shuffledWindows, ({ whole, order, repeats }) => {
        expect(summed(order)).toEqual(whole);
        expect(summed([...order, ...repeats])).toEqual(whole);
      }),
    );
  });

  it('of any kind keep what was accepted and the first reason, and stay canonical', () => {
    fc.assert(
      fc.property(fc.array(fates, { minLength: 1, maxLength: 4 }), (histories) => {
        const said = histories.map(accountOf);
        const sum = summed(said)!;
        for (let seq = 1; seq < sum.nextSeq; seq++) {
          const told = histories.map((met) => met[seq - 1]).filter((fate) => fate !== undefined && fate !== 'pending');
          const expected = told.includes('accepted') ? 'accepted' : told[0];
          const gap = sum.gaps.find(({ from, to }) => from <= seq && seq <= to);
          expect(contains(sum.accepted, seq) ? 'accepted' : gap?.reason).toBe(expected);
        }
        expect(sum.nextSeq).toBe(Math.max(...histories.map(({ length }) => length)) + 1);
        expect(union(sum.accepted, [])).toEqual(sum.accepted);
        expect(countOf(rangesOf(sum.gaps))).toBe(sum.gaps.reduce((seqs, { from, to }) => seqs + to - from + 1, 0));
      }),
    );
  });

  it('beyond what is kept let go of the oldest ranges, and the ledger says so', () => {
    const gapAt = (i: number): Gap => ({ from: 4 * i + 1, to: 4 * i + 1, reason: 'evicted' });
    const acceptedAt = (i: number): SeqRange => [4 * i + 3, 4 * i + 3];
    const count = RANGES_KEPT_MAX + 10;
    const whole = {
      nextSeq: 4 * count + 1,
      accepted: Array.from({ length: count }, (_, i) => acceptedAt(i)),
      gaps: Array.from({ length: count }, (_, i) => gapAt(i)),
    };
    const sum = addAccount(undefined, whole);
    expect(sum).toEqual({
      ...whole,
      accepted: whole.accepted.slice(10),
      gaps: whole.gaps.slice(10),
      letGoTo: acceptedAt(9)[1],
    });
    expect(addAccount(sum, windowsOf(whole, 1000)[0])).toEqual(sum);
    const record = { unit: 'u', epoch: '01', vehicles: [], accepted: [], firstMs: 0, lastMs: 0 };
    expect(viewOf(record, sum).words).toContain('more ranges were stated up to 39 than are kept');
  });
});

describe('epochs that follow each other', () => {
  const statement = (epoch: string, past?: string): Statement => ({
    unit: 'u',
    vehicle: 'v',
    epoch: idOf(epoch),
    nextSeq: 5,
    accepted: [[1, 2]],
    gaps: [],
    depth: { batches: 2, bytes: 9 },
    ...(past && {
      predecessor: {
        epoch: idOf(past),
        nextSeq: 5,
        accepted: [[1, 2]],
        gaps: [{ from: 3, to: 4, reason: 'tail-unknown' }],
      },
    }),
  });
  const stated = (epoch: string, ...statements: Statement[]) =>
    statedOf(
      hexOf(idOf(epoch)),
      statements.map((one, heardMs) => ({ statement: one, heardMs })),
    );

  it('the first to call an epoch past closes it, for good', () => {
    const closed = stated('a', statement('a'), statement('b', 'a'), statement('c', 'a'), statement('c', 'b'));
    expect(closed).toMatchObject({ closedBy: hexOf(idOf('b')), gaps: [{ from: 3, to: 4 }], own: { heardMs: 0 } });
  });

  it('an epoch that names itself as the one before it is not closed', () => {
    expect(stated('a', statement('a', 'a'))).toMatchObject({ gaps: [], own: { heardMs: 0 } });
    expect(stated('a', statement('a', 'a'))).not.toHaveProperty('closedBy');
  });

  it('an epoch that nothing was said of is not known', () => {
    expect(stated('a', statement('b', 'c'))).toBeUndefined();
  });
});
