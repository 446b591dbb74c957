import type { Gap, SeqRange, Statement } from '@iot/batch';
import { hexOf } from '@iot/batch';
import { firstReaching, subtract, union } from './ranges.ts';

/** What a store said of one epoch: its own, or one before it. */
export interface Account {
  /** Every seq below it was given. */
  readonly nextSeq: number;
  /** What some gateway acknowledged: canonical once added up. */
  readonly accepted: readonly SeqRange[];
  /** Ascending and disjoint. */
  readonly gaps: readonly Gap[];
  /** The seq up to which ranges were let go, where there were more than are kept. */
  readonly letGoTo?: number;
}

/** A statement as a gateway heard it. */
export interface HeardStatement {
  readonly statement: Statement;
  /** Gateway clock, Unix ms. */
  readonly heardMs: number;
}

/** What is known of an epoch from statements alone. */
export interface Stated extends Account {
  /** The newest statement of the epoch itself. */
  readonly own?: HeardStatement;
  /** Hex: the epoch that was the first to call this one past, so that nothing more will come of it. */
  readonly closedBy?: string;
}

/** What one statement says of one epoch. */
export interface Saying {
  readonly epoch: Uint8Array;
  readonly account: Account;
  /** The epoch that says it of one before it. */
  readonly closedBy?: Uint8Array;
}

/** A unit's own epoch first, then the past one whose turn it is. */
export function sayingsOf({ epoch, nextSeq, accepted, gaps, predecessor }: Statement): Saying[] {
  const own = { epoch, account: { nextSeq, accepted, gaps } };
  // No epoch closes itself.
  return predecessor && hexOf(predecessor.epoch) !== hexOf(epoch)
    ? [own, { epoch: predecessor.epoch, account: predecessor, closedBy: epoch }]
    : [own];
}

/** Folds all that was stated of `epoch` (hex), by itself and by those after it, in the order heard. Undefined where nothing was. */
export function statedOf(epoch: string, heard: readonly HeardStatement[]): Stated | undefined {
  let stated: Stated | undefined;
  for (const one of heard)
    for (const saying of sayingsOf(one.statement)) {
      if (hexOf(saying.epoch) !== epoch) continue;
      const closedBy = stated?.closedBy ?? (saying.closedBy && hexOf(saying.closedBy));
      const own = saying.closedBy ? stated?.own : one;
      stated = { ...addAccount(stated, saying.account), ...(own && { own }), ...(closedBy && { closedBy }) };
    }
  return stated;
}

/** Ranges of a kind that are kept of an epoch: those of its newest seqs. */
export const RANGES_KEPT_MAX = 65_536;
/** Of a gap's detail. */
const DETAIL_CHARS_MAX = 120;

/**
 * Adds what one statement says to what earlier ones said. Statements add up: a store with very many ranges states them in
 * windows, and its past epochs in turns, so what one leaves out is no claim. Accepted beats gap; a gap keeps the reason
 * that was given first. Nothing takes back an acceptance: a statement cannot say that a seq waits again, as after a
 * `resend`, so until that seq arrives here it goes on as accepted elsewhere. Saying a thing again changes nothing.
 */
export function addAccount(known: Account | undefined, said: Account): Account {
  const accepted = union(known?.accepted ?? [], said.accepted);
  const knownGaps = without(known?.gaps ?? [], accepted);
  const newGaps = without(said.gaps, union(accepted, rangesOf(knownGaps)));
  const gaps = coalesced([...knownGaps, ...newGaps.map(clipped)].sort((a, b) => a.from - b.from));
  const letGoTo = Math.max(
    known?.letGoTo ?? 0,
    accepted.at(-RANGES_KEPT_MAX - 1)?.[1] ?? 0,
    gaps.at(-RANGES_KEPT_MAX - 1)?.to ?? 0,
  );
  return {
    nextSeq: Math.max(known?.nextSeq ?? 1, said.nextSeq),
    accepted: accepted.slice(-RANGES_KEPT_MAX),
    gaps: gaps.slice(-RANGES_KEPT_MAX),
    ...(letGoTo > 0 && { letGoTo }),
  };
}

function clipped(gap: Gap): Gap {
  return gap.detail === undefined ? gap : { ...gap, detail: gap.detail.slice(0, DETAIL_CHARS_MAX) };
}

export function rangesOf(gaps: readonly Gap[]): SeqRange[] {
  return union(
    gaps.map(({ from, to }) => [from, to]),
    [],
  );
}

/** The gaps with `ranges` (canonical) cut out of them. Each gap looks at the ranges that it meets only: both may be very many. */
export function without(gaps: readonly Gap[], ranges: readonly SeqRange[]): Gap[] {
  return gaps.flatMap((gap) => {
    const met = ranges.slice(firstReaching(ranges, gap.from), firstReaching(ranges, gap.to) + 1);
    return subtract([[gap.from, gap.to]], met).map(([from, to]) => ({ ...gap, from, to }));
  });
}

/** Neighbours of one reason as one gap: it grew from statement to statement. */
function coalesced(gaps: readonly Gap[]): Gap[] {
  const result: Gap[] = [];
  for (const gap of gaps) {
    const last = result.at(-1);
    const grows = last && last.to + 1 === gap.from && last.reason === gap.reason && last.detail === gap.detail;
    if (grows) result[result.length - 1] = { ...last, to: gap.to };
    else result.push(gap);
  }
  return result;
}
