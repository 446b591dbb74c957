import type { SeqRange } from '@iot/batch';

/** Sets of seqs as ranges: inclusive, ascending, disjoint, neighbours joined. Every function takes and gives them so. */

/** The seqs 1 to `last`. */
export function firstUpTo(last: number): SeqRange[] {
  return last < 1 ? [] : [[1, last]];
}

/** Adds a range. */
export function addRange(ranges: readonly SeqRange[], [from, to]: SeqRange): SeqRange[] {
  const before = ranges.filter((range) => range[1] < from - 1);
  const after = ranges.filter((range) => range[0] > to + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  const first = Math.min(from, ...touching.slice(0, 1).map((range) => range[0]));
  const last = Math.max(to, ...touching.slice(-1).map((range) => range[1]));
  return [...before, [first, last], ...after];
}

/** What either has. Here the arguments may be in any order and overlap. */
export function union(a: readonly SeqRange[], b: readonly SeqRange[]): SeqRange[] {
  const joined: [number, number][] = [];
  for (const [from, to] of [...a, ...b].sort((left, right) => left[0] - right[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

/** Whether `seq` is in it. */
export function contains(ranges: readonly SeqRange[], seq: number): boolean {
  const at = firstReaching(ranges, seq);
  return at < ranges.length && ranges[at][0] <= seq;
}

/** Index of the first range that ends at or after `seq`. By bisection: sets of a unit that was often away are long. */
export function firstReaching(ranges: readonly SeqRange[], seq: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle][1] < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What `ranges` has and `holes` has not. */
export function subtract(ranges: readonly SeqRange[], holes: readonly SeqRange[]): SeqRange[] {
  const left: SeqRange[] = [];
  let next = 0;
  for (const [from, to] of ranges) {
    let start = from;
    while (next < holes.length && holes[next][1] < from) next++;
    for (let at = next; at < holes.length && holes[at][0] <= to; at++) {
      if (holes[at][0] > start) left.push([start, holes[at][0] - 1]);
      start = holes[at][1] + 1;
    }
    if (start <= to) left.push([start, to]);
  }
  return left;
}

/** Its seqs up to `last`. */
export function upTo(ranges: readonly SeqRange[], last: number): SeqRange[] {
  return ranges.filter(([from]) => from <= last).map(([from, to]) => [from, Math.min(to, last)]);
}

/** How many seqs it has. */
export function countOf(ranges: readonly SeqRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}
