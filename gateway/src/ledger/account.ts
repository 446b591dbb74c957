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
