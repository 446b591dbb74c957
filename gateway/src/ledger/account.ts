import type { Gap, SeqRange, Statement } from '@iot/batch';
import { hexOf } from '@iot/batch';
import { subtract, union } from './ranges.ts';

/** What a store said of one epoch: its own, or the one it continues. */
export interface Account {
  readonly nextSeq: number;
  /** What some gateway acknowledged. */
  readonly accepted: readonly SeqRange[];
  readonly gaps: readonly Gap[];
}

/** The newest statement of an epoch as a gateway keeps it. */
export interface HeardStatement {
  readonly statement: Statement;
  /** Gateway clock, Unix ms. */
  readonly heardMs: number;
}

/** What is known of an epoch from statements alone. */
export interface Stated extends Account {
  /** The newest statement of the epoch itself. */
  readonly own?: HeardStatement;
  /** Hex: the epoch that continues this one, so that nothing more will come of it. */
  readonly closedBy?: string;
}

/**
 * Folds all that was stated of `epoch` (hex), by itself and by the epoch that continues it. A successor may know less
 * than the epoch itself said (its store was lost), so the two are joined: accepted beats gap, and the own gaps stand.
 * Undefined where nothing was stated of it.
 */
export function statedOf(epoch: string, heard: readonly HeardStatement[]): Stated | undefined {
  const own = heard.find(({ statement }) => hexOf(statement.epoch) === epoch);
  const successor = heard.find(
    ({ statement }) => statement.predecessor && hexOf(statement.predecessor.epoch) === epoch,
  );
  const closing = successor?.statement.predecessor;
  if (!own && !closing) return undefined;
  const account = joined(own?.statement, closing);
  return { ...account, own, ...(successor && { closedBy: hexOf(successor.statement.epoch) }) };
}

/** Ranges of a kind that are kept of an epoch; a store that has more is beyond help. */
const RANGES_MAX = 65_536;

/**
 * Adds what one statement says to what earlier ones said. Statements add up: a store with very many ranges states them in
 * windows, and its past epochs in turns. Accepted beats gap; a gap keeps the reason that was given first.
 */
export function addAccount(known: Account | undefined, said: Account): Account {
  const { nextSeq, accepted, gaps } = joined(known, said);
  return { nextSeq, accepted: accepted.slice(-RANGES_MAX), gaps: coalesced(gaps).slice(-RANGES_MAX) };
}

function joined(own: Account | undefined, closing: Account | undefined): Account {
  if (!own || !closing) return (own ?? closing)!;
  const accepted = union(own.accepted, closing.accepted);
  const ownGaps = without(own.gaps, accepted);
  const laterGaps = without(closing.gaps, union(accepted, rangesOf(ownGaps)));
  const gaps = [...ownGaps, ...laterGaps].sort((a, b) => a.from - b.from);
  return { nextSeq: Math.max(own.nextSeq, closing.nextSeq), accepted, gaps };
}

export function rangesOf(gaps: readonly Gap[]): SeqRange[] {
  return union(
    gaps.map(({ from, to }) => [from, to]),
    [],
  );
}

/** The gaps with `ranges` (canonical) cut out of them. */
export function without(gaps: readonly Gap[], ranges: readonly SeqRange[]): Gap[] {
  return gaps.flatMap((gap) => subtract([[gap.from, gap.to]], ranges).map(([from, to]) => ({ ...gap, from, to })));
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
