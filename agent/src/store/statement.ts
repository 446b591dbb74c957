import { bytesOf, type Gap, hexOf, type SeqRange, type Statement } from '@iot/batch';
import type { ClockMapping } from '../ports.ts';
import { type BatchRow, PENDING } from './layout.ts';
import type { StoreFile } from './open.ts';
import type { Fate } from './ranges.ts';
import type { EpochRecord } from './records.ts';

/** Ranges of a kind in one statement, so that it stays within one message; where there are more, statements take turns. */
export const RANGES_STATED_MAX = 250;
/** Of a gap's detail, for the same reason. */
const DETAIL_CHARS_MAX = 60;

/**
 * What the store has, in time that depends on ranges and not on batches. `turn` counts statements: past epochs, and
 * windows over very many ranges, take turns, so that all of it is said by and by. What one statement leaves out is no claim.
 */
export function makeStatement(
  file: StoreFile,
  about: { readonly unit: string; readonly vehicle: string; readonly mappings: readonly ClockMapping[] },
  turn: number,
  timeUs: number | undefined,
): Statement {
  const [present, ...past] = file.records.epochs();
  const { batches, bytes } = file.queue.tally(PENDING);
  const predecessor = past.length > 0 ? past[turn % past.length] : undefined;
  const oldest = file.queue.oldest();
  const oldestUs = oldest && wallTimeUs(oldest, about.mappings);
  return {
    unit: about.unit,
    vehicle: about.vehicle,
    ...stateEpoch(file, present, turn),
    ...(predecessor && { predecessor: stateEpoch(file, predecessor, Math.floor(turn / past.length)) }),
    depth: { batches, bytes, ...(oldestUs !== undefined && { oldestUs }) },
    ...(timeUs !== undefined && { timeUs }),
  };
}

function stateEpoch(file: StoreFile, { ordinal, epoch, nextSeq }: EpochRecord, turn: number) {
  const fates = file.records.fates(ordinal);
  const accepted = fates
    .filter(({ reason }) => reason === 'accepted')
    .map(({ first, last }): SeqRange => [first, last]);
  const gaps = fates.flatMap((fate): Gap[] => (isGap(fate) ? [gapOf(fate)] : []));
  return { epoch: bytesOf(epoch), nextSeq, accepted: windowOf(accepted, turn), gaps: windowOf(gaps, turn) };
}

type GapFate = Fate & { readonly reason: Gap['reason'] };

function isGap(fate: Fate): fate is GapFate {
  return fate.reason !== 'accepted';
}

function gapOf({ first, last, reason, detail }: GapFate): Gap {
  return { from: first, to: last, reason, ...(detail !== '' && { detail: detail.slice(0, DETAIL_CHARS_MAX) }) };
}

function windowOf<T>(ranges: readonly T[], turn: number): readonly T[] {
  const windows = Math.max(1, Math.ceil(ranges.length / RANGES_STATED_MAX));
  const start = (turn % windows) * RANGES_STATED_MAX;
  return ranges.slice(start, start + RANGES_STATED_MAX);
}

/** Unix µs of a batch's start, where anything maps it. */
function wallTimeUs(row: BatchRow, mappings: readonly ClockMapping[]): number | undefined {
  if (row.clock !== null) return row.clock === 'none' ? undefined : (row.sent_t0_us ?? undefined);
  if (row.boot === null) return row.t0_us;
  const boot = hexOf(row.boot);
  const mapping = mappings.find((candidate) => hexOf(candidate.boot) === boot);
  return mapping && Math.round(row.t0_us + mapping.offsetUs);
}
