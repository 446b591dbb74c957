import type { GapReason, SeqRange } from '@iot/batch';
import { completeTo } from '../ledger/words.ts';
import type { LedgerView } from './data.ts';

/** `not-seen`: some of these are missing and some on the way, and nobody can say which. */
export type SegmentState = 'accepted' | 'elsewhere' | 'on-the-way' | 'gap' | 'missing' | 'not-seen';

/** A run of seqs that share a state. Inclusive. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly state: SegmentState;
  readonly reason?: GapReason;
  readonly detail?: string;
}

/** How many seqs there are of each kind. */
export type LedgerCounts = Readonly<Record<Exclude<SegmentState, 'not-seen'>, number>>;

export interface LedgerSummary {
  readonly epoch: string;
  readonly nextSeq: number;
  readonly statedMs?: number;
  /** Hex: the epoch that continues this one. */
  readonly closedBy?: string;
  /** Covers 1 up to nextSeq - 1 without overlap, ascending. */
  readonly segments: readonly Segment[];
  readonly counts: LedgerCounts;
  /** All seqs up to it are accepted or gaps. */
  readonly completeTo: number;
  /** `complete to 1,204; 0 missing; gap 310–322: evicted, store full`. */
  readonly words: string;
}

const lengthOf = (ranges: readonly SeqRange[]): number => ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);

/** The numbers that were not seen are all missing, all on the way, or a mixture that only their counts describe. */
function notSeenState({ missing, onTheWay }: LedgerView): SegmentState {
  if (missing === 0) return 'on-the-way';
  return onTheWay === 0 ? 'missing' : 'not-seen';
}

/** An epoch's seqs as runs of one state, ascending. The ledger puts every seq into one range: here they are only sorted. */
export function ledgerSegments(view: LedgerView): Segment[] {
  const runs = (ranges: readonly SeqRange[], state: SegmentState): Segment[] =>
    ranges.map(([from, to]) => ({ from, to, state }));
  return [
    ...runs(view.accepted, 'accepted'),
    ...runs(view.elsewhere, 'elsewhere'),
    ...runs(view.notSeen, notSeenState(view)),
    ...view.gaps.map(({ from, to, reason, detail }): Segment => ({ from, to, state: 'gap', reason, detail })),
  ].sort((a, b) => a.from - b.from);
}

/** An epoch's ledger as counts, segments and the ledger's own sentence for people. */
export function summarizeLedger(view: LedgerView): LedgerSummary {
  const { epoch, nextSeq, statedMs, closedBy, words } = view;
  const counts = {
    accepted: lengthOf(view.accepted),
    elsewhere: lengthOf(view.elsewhere),
    'on-the-way': view.onTheWay,
    gap: lengthOf(view.gaps.map(({ from, to }) => [from, to])),
    missing: view.missing,
  };
  const segments = ledgerSegments(view);
  return { epoch, nextSeq, statedMs, closedBy, segments, counts, completeTo: completeTo(view), words };
}
