import type { Gap, SeqRange, Statement } from '@iot/batch';
import { type HeardStatement, rangesOf, type Stated, statedOf, without } from './account.ts';
import { countOf, firstUpTo, subtract, union, upTo } from './ranges.ts';
import { ledgerWords } from './words.ts';

/** What a gateway recorded of the batches of one epoch. */
export interface EpochRecord {
  readonly unit: string;
  /** Hex. */
  readonly epoch: string;
  /** Those that its batches were captured in, the newest last. */
  readonly vehicles: readonly string[];
  /** Accepted by this gateway: canonical. */
  readonly accepted: readonly SeqRange[];
  /** Gateway clock, Unix ms: when the epoch was first and last heard of. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * What this gateway can answer for one epoch of a unit's store. Every number below `nextSeq` is in exactly one of
 * `accepted`, `gaps`, `elsewhere` and `notSeen`.
 */
export interface EpochView extends EpochRecord {
  /** Every seq below it exists or existed. */
  readonly nextSeq: number;
  /** As the unit says it: what some gateway acknowledged, this one or another. */
  readonly acknowledged: readonly SeqRange[];
  /** Stated, and not accepted by any gateway. */
  readonly gaps: readonly Gap[];
  /** Acknowledged, but not by this gateway as far as it knows. */
  readonly elsewhere: readonly SeqRange[];
  /** Neither accepted, nor a gap, nor acknowledged elsewhere. */
  readonly notSeen: readonly SeqRange[];
  /** How many of `notSeen` the unit still holds, or may. */
  readonly onTheWay: number;
  /** How many of `notSeen` nobody accounts for: 0 is what the whole is about. */
  readonly missing: number;
  /** What the unit said last of this epoch. */
  readonly stated?: { readonly depth: Statement['depth']; readonly vehicle: string };
  /** Gateway clock, Unix ms: when it said so. */
  readonly statedMs?: number;
  /** Hex: the epoch that continues this one. */
  readonly closedBy?: string;
  /** The seq up to which the unit stated more ranges than are kept: what is not seen there may have been accounted for. */
  readonly letGoTo?: number;
  /** `complete to 1,204; 0 missing; gap 310–322: evicted, store full`. */
  readonly words: string;
}

/** Folds an epoch's record with all that its unit stated, in the order heard. Pure. */
export function epochView(record: EpochRecord, heard: readonly HeardStatement[]): EpochView {
  return viewOf(record, statedOf(record.epoch, heard));
}

/** Folds an epoch's record with what its unit's statements add up to. Pure. */
export function viewOf(record: EpochRecord, stated: Stated | undefined): EpochView {
  const { accepted } = record;
  const highest = accepted.at(-1)?.[1] ?? 0;
  const nextSeq = Math.max(stated?.nextSeq ?? 1, highest + 1);
  const last = nextSeq - 1;
  const acknowledged = upTo(stated?.accepted ?? [], last);
  const anyone = union(accepted, acknowledged);
  const gaps = without(stated?.gaps ?? [], anyone);
  const notSeen = subtract(firstUpTo(last), union(anyone, rangesOf(gaps)));
  const missing = missingOf(notSeen, stated);
  const facts = {
    ...record,
    nextSeq,
    acknowledged,
    gaps,
    elsewhere: subtract(acknowledged, accepted),
    notSeen,
    missing,
    onTheWay: countOf(notSeen) - missing,
    ...(stated?.own && {
      stated: { depth: stated.own.statement.depth, vehicle: stated.own.statement.vehicle },
      statedMs: stated.own.heardMs,
    }),
    ...(stated?.closedBy && { closedBy: stated.closedBy }),
    ...(stated?.letGoTo && { letGoTo: stated.letGoTo }),
  };
  return { ...facts, words: ledgerWords(facts) };
}

/**
 * Of a closed epoch nothing more will come, so all that is not seen is missing. Of a living one, what the unit neither
 * calls accepted nor a gap must be in its store: where it says that it holds fewer, the difference is missing. Before
 * a statement, holes are the usual order of newest first, and nothing is called missing.
 */
function missingOf(notSeen: readonly SeqRange[], stated: Stated | undefined): number {
  if (!stated) return 0;
  if (stated.closedBy) return countOf(notSeen);
  if (!stated.own) return 0;
  const last = stated.nextSeq - 1;
  const settled = union(stated.accepted, rangesOf(stated.gaps));
  const unsettled = countOf(subtract(firstUpTo(last), settled));
  const unheld = Math.max(0, unsettled - stated.own.statement.depth.batches);
  return Math.min(unheld, countOf(upTo(notSeen, last)));
}
