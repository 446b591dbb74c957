import type { GapReason, SeqRange } from '@iot/batch';
import type { LedgerView } from './data.ts';

export type SegmentState = 'accepted' | 'on-the-way' | 'gap' | 'missing';

/** A run of seqs that share a state. Inclusive. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly state: SegmentState;
  readonly reason?: GapReason;
  readonly detail?: string;
}

export interface LedgerSummary {
  readonly epoch: string;
  readonly nextSeq: number;
  readonly statedMs?: number;
  /** Covers 1 up to nextSeq - 1 without overlap, ascending. */
  readonly segments: readonly Segment[];
  /** How many seqs there are of each state. */
  readonly counts: Readonly<Record<SegmentState, number>>;
  /** All seqs up to it are accepted or gaps. */
  readonly completeTo: number;
  /** `complete to 1,204; 0 missing; gap 310–322: evicted, store full`. */
  readonly words: string;
}

/** Highest first: a batch that was accepted is no gap, whatever was stated of it. */
const RANK: Readonly<Record<SegmentState, number>> = { accepted: 3, gap: 2, missing: 1, 'on-the-way': 0 };

const SEGMENTS_IN_WORDS = 4;

/**
 * Sorts every seq of an epoch into one state. What the unit says is acknowledged and was not seen here is `missing`
 * (another gateway has it, or it was lost here: the fleet ledger tells which); what is neither is still on its way.
 */
export function ledgerSegments(view: LedgerView): Segment[] {
  const layers = [
    ...view.accepted.map(([from, to]) => ({ from, to, state: 'accepted' as const })),
    ...view.gaps.map(({ from, to, reason, detail }) => ({ from, to, state: 'gap' as const, reason, detail })),
    ...view.acknowledged.map(([from, to]) => ({ from, to, state: 'missing' as const })),
    ...(view.nextSeq > 1 ? [{ from: 1, to: view.nextSeq - 1, state: 'on-the-way' as const }] : []),
  ];
  return flatten(
    layers.filter((layer) => layer.from <= layer.to),
    view.nextSeq - 1,
  );
}

/** One sweep over the edges of overlapping segments; the highest rank wins. */
function flatten(layers: readonly Segment[], last: number): Segment[] {
  const edges = [...new Set(layers.flatMap(({ from, to }) => [from, to + 1]))].sort((a, b) => a - b);
  const byStart = [...layers].sort((a, b) => a.from - b.from);
  const open: Segment[] = [];
  const result: Segment[] = [];
  let next = 0;
  for (let i = 0; i + 1 < edges.length && edges[i] <= last; i++) {
    while (next < byStart.length && byStart[next].from <= edges[i]) open.push(byStart[next++]);
    for (let at = open.length - 1; at >= 0; at--) if (open[at].to < edges[i]) open.splice(at, 1);
    if (open.length === 0) continue;
    const top = open.reduce((best, layer) => (RANK[layer.state] > RANK[best.state] ? layer : best));
    append(result, { ...top, from: edges[i], to: Math.min(edges[i + 1] - 1, last) });
  }
  return result;
}

function append(segments: Segment[], segment: Segment): void {
  const before = segments.at(-1);
  const joins =
    before !== undefined &&
    before.to + 1 === segment.from &&
    before.state === segment.state &&
    before.reason === segment.reason &&
    before.detail === segment.detail;
  if (joins) segments[segments.length - 1] = { ...before, to: segment.to };
  else segments.push(segment);
}

const number = new Intl.NumberFormat('en-US');

function rangeWords([from, to]: SeqRange): string {
  return from === to ? number.format(from) : `${number.format(from)}–${number.format(to)}`;
}

function gapWords(segment: Segment): string {
  const why = [segment.reason, segment.detail].filter((part) => part !== undefined).join(', ');
  return `gap ${rangeWords([segment.from, segment.to])}: ${why}`;
}

function missingWords(segments: readonly Segment[], count: number): string {
  if (count === 0) return '0 missing';
  const ranges = segments
    .filter(({ state }) => state === 'missing')
    .slice(0, SEGMENTS_IN_WORDS)
    .map(({ from, to }) => rangeWords([from, to]));
  return `${number.format(count)} not seen here (${ranges.join(', ')})`;
}

function listed(parts: readonly string[]): readonly string[] {
  const more = parts.length - SEGMENTS_IN_WORDS;
  return more > 0 ? [...parts.slice(-SEGMENTS_IN_WORDS), `${number.format(more)} earlier gaps`] : parts;
}

/** An epoch's ledger as counts, segments and a sentence for people. */
export function summarizeLedger(view: LedgerView): LedgerSummary {
  const segments = ledgerSegments(view);
  const counts = { accepted: 0, 'on-the-way': 0, gap: 0, missing: 0 };
  for (const { from, to, state } of segments) counts[state] += to - from + 1;
  const open = segments.find(({ state }) => state === 'on-the-way' || state === 'missing');
  const completeTo = open === undefined ? Math.max(view.nextSeq - 1, 0) : open.from - 1;
  const words = [
    view.nextSeq <= 1 ? 'nothing sent yet' : `complete to ${number.format(completeTo)}`,
    missingWords(segments, counts.missing),
    ...(counts['on-the-way'] > 0 ? [`${number.format(counts['on-the-way'])} on the way`] : []),
    ...listed(segments.filter(({ state }) => state === 'gap').map(gapWords)),
  ].join('; ');
  return { epoch: view.epoch, nextSeq: view.nextSeq, statedMs: view.statedMs, segments, counts, completeTo, words };
}
