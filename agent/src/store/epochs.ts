import type { Queue } from './queue.ts';
import type { Fate } from './ranges.ts';
import type { EpochRecord, Records } from './records.ts';
import type { Sidecar } from './sidecar.ts';

/** The ranges that are accepted, as the sidecar keeps them. */
export function acceptedRanges(fates: readonly Fate[]): [number, number][] {
  return fates.filter((fate) => fate.reason === 'accepted').map((fate) => [fate.first, fate.last]);
}

/**
 * Records an epoch of which only the sidecar is left: its accepted ranges, and `tail-unknown` for every other number
 * that may have been given.
 */
export function recordLostEpoch(records: Records, sidecar: Sidecar, detail: string): EpochRecord {
  const epoch = records.addEpoch(sidecar.epoch, sidecar.highWater);
  for (const [first, last] of sidecar.accepted) records.mark(epoch.ordinal, first, last, 'accepted');
  records.mark(epoch.ordinal, 1, sidecar.highWater - 1, 'tail-unknown', detail);
  return epoch;
}

/** What the sidecar knows that an older, or damaged, state of the file does not. */
export function learnFromSidecar(records: Records, queue: Queue, sidecar: Sidecar, detail: string): void {
  const [present, ...past] = records.epochs();
  if (present?.epoch !== sidecar.epoch) {
    if (!past.some(({ epoch }) => epoch === sidecar.epoch)) recordLostEpoch(records, sidecar, detail);
    return;
  }
  for (const [first, last] of sidecar.accepted) {
    records.mark(present.ordinal, first, last, 'accepted');
    for (const { id, seq } of queue.pending()) if (seq >= first && seq <= last) queue.delete(id);
  }
  if (sidecar.highWater <= present.nextSeq) return;
  records.mark(present.ordinal, present.nextSeq, sidecar.highWater - 1, 'tail-unknown', detail);
  records.setNextSeq(present.ordinal, sidecar.highWater);
}

/**
 * Opens `epoch` and moves the pending batches of `old` there, with numbers from 1 in the old order. In the old epoch
 * those become `tail-unknown`: their readings arrive under another identity. What is accepted is done with.
 */
export function moveToNewEpoch(
  records: Records,
  queue: Queue,
  old: EpochRecord | undefined,
  epoch: string,
): EpochRecord {
  queue.deleteAccepted();
  const pending = queue.pending();
  if (old) {
    for (const [first, last] of runsOf(pending))
      records.mark(old.ordinal, first, last, 'tail-unknown', `moved to epoch ${epoch}`);
  }
  pending.forEach(({ id }, i) => {
    queue.renumber(id, i + 1);
  });
  return records.addEpoch(epoch, pending.length + 1);
}

/** The contiguous ranges of ascending seqs. */
function runsOf(batches: readonly { readonly seq: number }[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const { seq } of batches) {
    const run = runs.at(-1);
    if (run && run[1] + 1 === seq) run[1] = seq;
    else runs.push([seq, seq]);
  }
  return runs;
}
