import type { SeqRange } from '@iot/batch';
import { rangesOf } from './account.ts';
import { firstUpTo, subtract, union } from './ranges.ts';
import type { EpochView } from './view.ts';

const number = new Intl.NumberFormat('en-US');
/** Ranges and gaps that are written out; the rest is counted. */
const LISTED_MAX = 4;

/** An epoch's ledger as a sentence for people. */
export function ledgerWords(view: Omit<EpochView, 'words'>): string {
  if (view.nextSeq <= 1) return view.closedBy ? 'nothing sent; closed' : 'nothing sent yet';
  return [
    `complete to ${number.format(completeTo(view))}`,
    missingWords(view),
    ...(view.onTheWay > 0 ? [onTheWayWords(view)] : []),
    ...(view.elsewhere.length > 0 ? [`accepted elsewhere ${listed(view.elsewhere)}`] : []),
    ...gapWords(view),
    ...(view.letGoTo ? [`more ranges were stated up to ${number.format(view.letGoTo)} than are kept`] : []),
    ...(view.closedBy ? [`closed, continued by epoch ${view.closedBy.slice(0, 8)}`] : []),
  ].join('; ');
}

/** The seq up to which all are accepted here or known never to arrive. */
export function completeTo(view: Pick<EpochView, 'accepted' | 'gaps' | 'nextSeq'>): number {
  const settled = union(view.accepted, rangesOf(view.gaps));
  const open = subtract(firstUpTo(view.nextSeq - 1), settled)[0];
  return open ? open[0] - 1 : view.nextSeq - 1;
}

function missingWords({ missing, onTheWay, notSeen }: Omit<EpochView, 'words'>): string {
  if (missing === 0) return '0 missing';
  // Which of the numbers not seen are missing is known only where none of them is on its way.
  const where = onTheWay === 0 ? ` (${listed(notSeen)})` : ` of those not seen (${listed(notSeen)})`;
  return `${number.format(missing)} missing${where}`;
}

function onTheWayWords({ onTheWay, statedMs, stated }: Omit<EpochView, 'words'>): string {
  if (statedMs === undefined) return `${number.format(onTheWay)} not seen, the unit has not said what it holds`;
  return `${number.format(onTheWay)} on the way, ${number.format(stated!.depth.batches)} in the unit's store when it last said so`;
}

function gapWords({ gaps }: Omit<EpochView, 'words'>): string[] {
  const words = gaps.slice(-LISTED_MAX).map(({ from, to, reason, detail }) => {
    const why = detail === undefined || detail === '' ? reason : `${reason}, ${detail}`;
    return `gap ${rangeWords([from, to])}: ${why}`;
  });
  const earlier = gaps.length - words.length;
  return earlier > 0 ? [...words, `${number.format(earlier)} earlier gaps`] : words;
}

function listed(ranges: readonly SeqRange[]): string {
  const words = ranges.slice(0, LISTED_MAX).map(rangeWords);
  const more = ranges.length - words.length;
  return [...words, ...(more > 0 ? [`${number.format(more)} more ranges`] : [])].join(', ');
}

function rangeWords([from, to]: SeqRange): string {
  return from === to ? number.format(from) : `${number.format(from)}–${number.format(to)}`;
}
