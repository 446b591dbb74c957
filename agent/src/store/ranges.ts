import type { GapReason } from '@iot/batch';

/** What became of the seqs `first` to `last`, inclusive. */
export interface Fate {
  readonly first: number;
  readonly last: number;
  readonly reason: 'accepted' | GapReason;
  /** For people; empty where the reason says it all. */
  readonly detail: string;
}

/**
 * Adds a range to ascending, disjoint ones. Accepted beats a gap, whichever came first; of two gaps the first to be
 * stated stays. Neighbours of one reason and detail become one, so that a run of any length is one range.
 */
export function addFate(fates: readonly Fate[], added: Fate): Fate[] {
  const winners = fates.filter((fate) => added.reason !== 'accepted' || fate.reason === 'accepted');
  const losers = fates.filter((fate) => !winners.includes(fate));
  const fresh = subtract([added], winners);
  const kept = subtract(losers, [added]);
  return joined([...winners, ...kept, ...fresh].sort((a, b) => a.first - b.first));
}

/** Takes seqs out again. */
export function removeFates(fates: readonly Fate[], first: number, last: number): Fate[] {
  return subtract(fates, [{ first, last }]);
}

/** What of the seqs `first` to `last` no range covers. `fates` ascending and disjoint. */
export function uncovered(fates: readonly Fate[], first: number, last: number): (readonly [number, number])[] {
  const holes: [number, number][] = [];
  let next = first;
  for (const fate of fates) {
    if (fate.first > next) holes.push([next, Math.min(last, fate.first - 1)]);
    next = Math.max(next, fate.last + 1);
    if (next > last) break;
  }
  if (next <= last) holes.push([next, last]);
  return holes.filter(([from, to]) => from <= to);
}

type Span = Pick<Fate, 'first' | 'last'>;

function subtract(fates: readonly Fate[], holes: readonly Span[]): Fate[] {
  let left = [...fates];
  for (const hole of holes) {
    left = left.flatMap((fate) => {
      if (hole.last < fate.first || hole.first > fate.last) return [fate];
      const parts = [
        { ...fate, last: hole.first - 1 },
        { ...fate, first: hole.last + 1 },
      ];
      return parts.filter((part) => part.first <= part.last);
    });
  }
  return left;
}

function joined(fates: readonly Fate[]): Fate[] {
  const out: Fate[] = [];
  for (const fate of fates) {
    const before = out.at(-1);
    if (before && before.last + 1 === fate.first && before.reason === fate.reason && before.detail === fate.detail)
      out[out.length - 1] = { ...before, last: fate.last };
    else out.push(fate);
  }
  return out;
}
