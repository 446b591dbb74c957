import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addFate, type Fate, removeFates, uncovered } from '../../src/store/ranges.ts';

const SEQS = 40;
type Reason = Fate['reason'];
/** What became of each seq, the plain way: index is the seq. */
type Model = (Reason | undefined)[];

const fate = fc
  .tuple(
    fc.integer({ min: 1, max: SEQS }),
    fc.integer({ min: 0, max: 8 }),
    fc.constantFrom<Reason>('accepted', 'evicted', 'refused', 'corrupt'),
  )
  .map(([first, more, reason]): Fate => ({ first, last: Math.min(SEQS, first + more), reason, detail: '' }));
const step = fc.oneof(
  fate.map((added) => ({ kind: 'add', fate: added }) as const),
  fate.map((removed) => ({ kind: 'remove', fate: removed }) as const),
);

function modelOf(fates: readonly Fate[]): Model {
  const model: Model = new Array(SEQS + 1).fill(undefined);
  for (const { first, last, reason } of fates) model.fill(reason, first, last + 1);
  return model;
}

describe('ranges of seqs', () => {
  it('say of every seq what the plain model says, in as few ranges as possible', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let fates: Fate[] = [];
        const model: Model = new Array(SEQS + 1).fill(undefined);
        for (const { kind, fate: change } of steps) {
          fates = kind === 'add' ? addFate(fates, change) : removeFates(fates, change.first, change.last);
          for (let seq = change.first; seq <= change.last; seq++) {
            if (kind === 'remove') model[seq] = undefined;
            else if (model[seq] === undefined || change.reason === 'accepted') model[seq] = change.reason;
          }
        }
        expect(modelOf(fates)).toEqual(model);
        for (let i = 1; i < fates.length; i++) {
          expect(fates[i].first).toBeGreaterThan(fates[i - 1].last);
          if (fates[i].first === fates[i - 1].last + 1 && steps.every(({ kind }) => kind === 'add'))
            expect(fates[i].reason).not.toBe(fates[i - 1].reason);
        }
      }),
    );
  });

  it('leave uncovered exactly what no range says', () => {
    fc.assert(
      fc.property(fc.array(fate, { maxLength: 10 }), (added) => {
        const fates = added.reduce<Fate[]>((sum, one) => addFate(sum, one), []);
        const model = modelOf(fates);
        const holes = uncovered(fates, 1, SEQS).flatMap(([from, to]) =>
          Array.from({ length: to - from + 1 }, (_, i) => from + i),
        );
        expect(holes).toEqual(model.flatMap((reason, seq) => (seq > 0 && reason === undefined ? [seq] : [])));
      }),
    );
  });

  it.each([
    { name: 'neighbours of one reason join', added: ['accepted', 'accepted'] as const, count: 1 },
    { name: 'neighbours of other reasons do not', added: ['accepted', 'evicted'] as const, count: 2 },
  ])('$name', ({ added, count }) => {
    const fates = added.reduce<Fate[]>(
      (sum, reason, i) => addFate(sum, { first: i + 1, last: i + 1, reason, detail: '' }),
      [],
    );
    expect(fates).toHaveLength(count);
  });

  it('gaps with other details stay apart', () => {
    const first = addFate([], { first: 1, last: 1, reason: 'refused', detail: 'too old' });
    expect(addFate(first, { first: 2, last: 2, reason: 'refused', detail: 'no schema' })).toHaveLength(2);
  });
});
