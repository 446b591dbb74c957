import type { SeqRange } from '@iot/batch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addRange, contains, countOf, subtract, union } from '../../src/ledger/ranges.ts';

const LAST = 60;
const range = fc
  .tuple(fc.integer({ min: 1, max: LAST }), fc.integer({ min: 0, max: 9 }))
  .map(([from, more]): SeqRange => [from, from + more]);
const anyRanges = fc.array(range, { maxLength: 12 });

/** The same as a plain set of numbers: slow, and plainly right. */
function seqsOf(ranges: readonly SeqRange[]): Set<number> {
  const seqs = new Set<number>();
  for (const [from, to] of ranges) for (let seq = from; seq <= to; seq++) seqs.add(seq);
  return seqs;
}

function expectSet(ranges: readonly SeqRange[]): void {
  for (const [from, to] of ranges) expect(from).toBeLessThanOrEqual(to);
  for (let i = 1; i < ranges.length; i++) expect(ranges[i][0]).toBeGreaterThan(ranges[i - 1][1] + 1);
}

describe('ranges against sets of numbers', () => {
  it('addRange adds one after the other', () => {
    fc.assert(
      fc.property(anyRanges, (added) => {
        const ranges = added.reduce<SeqRange[]>((set, next) => addRange(set, next), []);
        expectSet(ranges);
        expect(seqsOf(ranges)).toEqual(seqsOf(added));
      }),
    );
  });

  it('union makes the same set, whatever the order', () => {
    fc.assert(
      fc.property(anyRanges, (any) => {
        expect(union(any, [])).toEqual(any.reduce<SeqRange[]>((set, next) => addRange(set, next), []));
      }),
    );
  });

  it('subtract and contains', () => {
    fc.assert(
      fc.property(anyRanges, anyRanges, (some, others) => {
        const [ranges, holes] = [union(some, []), union(others, [])];
        const left = subtract(ranges, holes);
        expectSet(left);
        expect(seqsOf(left)).toEqual(new Set([...seqsOf(ranges)].filter((seq) => !seqsOf(holes).has(seq))));
        for (let seq = 0; seq <= LAST + 11; seq++) expect(contains(ranges, seq)).toBe(seqsOf(ranges).has(seq));
        expect(countOf(left)).toBe(seqsOf(left).size);
      }),
    );
  });
});

it.each<{ name: string; from: SeqRange[]; add: SeqRange; value: SeqRange[] }>([
  { name: 'into nothing', from: [], add: [3, 3], value: [[3, 3]] },
  { name: 'right after', from: [[1, 4]], add: [5, 5], value: [[1, 5]] },
  {
    name: 'into the only hole',
    from: [
      [1, 4],
      [6, 9],
    ],
    add: [5, 5],
    value: [[1, 9]],
  },
  { name: 'known already', from: [[1, 4]], add: [2, 3], value: [[1, 4]] },
])('$name', ({ from, add, value }) => {
  expect(addRange(from, add)).toEqual(value);
});
