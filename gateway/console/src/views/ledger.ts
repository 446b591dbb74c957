import type { Ledger, Segment, SegmentState } from '../api.ts';
import { h, setAttribute, setText } from '../dom.ts';
import { formatCount } from '../format.ts';

interface StateWords {
  readonly state: SegmentState;
  readonly label: string;
  readonly meaning: string;
}

const NOT_SEEN: StateWords = {
  state: 'not-seen',
  label: 'Not seen',
  meaning: 'some of these are missing and some on the way',
};

/** As the legend counts them. The last two are rare, and shown where there are any. */
const STATES = [
  { state: 'accepted', label: 'Accepted', meaning: 'durable at this gateway' },
  { state: 'on-the-way', label: 'On the way', meaning: 'held by the unit, not accepted yet' },
  { state: 'gap', label: 'Gap', meaning: 'will never arrive, and the unit says why' },
  { state: 'missing', label: 'Missing', meaning: 'nobody accounts for it' },
  { state: 'elsewhere', label: 'Elsewhere', meaning: 'accepted by another gateway, or lost here' },
] as const satisfies readonly StateWords[];

const ALWAYS_COUNTED: readonly SegmentState[] = ['accepted', 'on-the-way', 'gap'];

function labelOf(state: SegmentState): string {
  return (STATES.find((known) => known.state === state) ?? NOT_SEEN).label;
}

const LATEST_SEQS = 240;

/** Segments as parts of a bar over [first, last], each at least a hair wide so that one lost batch can be seen. */
export function barParts(
  segments: readonly Segment[],
  first: number,
  last: number,
): { state: SegmentState; left: number; width: number; title: string }[] {
  const length = last - first + 1;
  return segments
    .filter(({ from, to }) => to >= first && from <= last)
    .map(({ from, to, state, reason, detail }) => {
      const why = [reason, detail].filter((part) => part !== undefined).join(', ');
      return {
        state,
        left: ((Math.max(from, first) - first) / length) * 100,
        width: ((Math.min(to, last) - Math.max(from, first) + 1) / length) * 100,
        title: `${labelOf(state)} ${formatCount(from)}${to > from ? `–${formatCount(to)}` : ''}${why === '' ? '' : `: ${why}`}`,
      };
    });
}

function bar(): { readonly element: HTMLElement; show(ledger: Ledger, first: number, last: number): void } {
  const track = h('div', { class: 'seq-bar', role: 'img' });
  const from = h('span');
  const to = h('span');
  const element = h('div', { class: 'seq' }, track, h('div', { class: 'seq-scale', 'aria-hidden': 'true' }, from, to));
  return {
    element,
    show(ledger, first, last) {
      const parts = barParts(ledger.segments, first, last).map(({ state, left, width, title }) => {
        const part = h('span', { class: 'seq-part', 'data-state': state, title });
        part.style.left = `${left}%`;
        part.style.width = `max(2px, ${width}%)`;
        return part;
      });
      track.replaceChildren(...parts);
      setAttribute(track, 'aria-label', `Batches ${formatCount(first)} to ${formatCount(last)}: ${ledger.words}`);
      setText(from, formatCount(first));
      setText(to, formatCount(last));
    },
  };
}

function legend(): { readonly element: HTMLElement; show(ledger: Ledger): void } {
  const counts = STATES.map(() => h('b'));
  const items = STATES.map(({ state, label, meaning }, i) =>
    h(
      'li',
      { title: meaning },
      h('i', { class: 'swatch', 'data-state': state, 'aria-hidden': 'true' }),
      counts[i],
      ` ${label.toLowerCase()}`,
    ),
  );
  return {
    element: h('ul', { class: 'legend' }, ...items),
    show(ledger) {
      STATES.forEach(({ state }, i) => {
        setText(counts[i], formatCount(ledger.counts[state]));
        items[i].hidden = ledger.counts[state] === 0 && !ALWAYS_COUNTED.includes(state);
      });
    },
  };
}

export interface LedgerCard {
  readonly element: HTMLElement;
  show(ledgers: readonly Ledger[]): void;
}

/** The ledger of a unit's present epoch in words and as two bars: all of it, and the newest numbers large enough to watch a backlog drain. */
export function ledgerCard(): LedgerCard {
  const words = h('p', { class: 'ledger-words', role: 'status' });
  const all = bar();
  const latest = bar();
  const latestTitle = h('h4', {});
  const key = legend();
  const epoch = h('p', { class: 'note mono' });
  const earlier = h('ul', { class: 'earlier' });
  const body = h(
    'div',
    { class: 'ledger' },
    words,
    all.element,
    latestTitle,
    latest.element,
    key.element,
    epoch,
    earlier,
  );
  return {
    element: body,
    show([present, ...others]) {
      if (present === undefined) {
        setText(words, 'No batch and no statement has come from this unit yet.');
        for (const part of [all.element, latest.element, latestTitle, key.element, epoch]) part.hidden = true;
        return;
      }
      for (const part of [all.element, key.element, epoch]) part.hidden = false;
      setText(words, `${present.words.charAt(0).toUpperCase()}${present.words.slice(1)}.`);
      setAttribute(words, 'data-whole', present.counts['on-the-way'] + present.counts.missing === 0);
      const last = Math.max(present.nextSeq - 1, 1);
      all.show(present, 1, last);
      const isLong = last > LATEST_SEQS * 1.5;
      latest.element.hidden = latestTitle.hidden = !isLong;
      if (isLong) latest.show(present, last - LATEST_SEQS + 1, last);
      setText(latestTitle, `Newest ${LATEST_SEQS}`);
      key.show(present);
      setText(epoch, `Epoch ${present.epoch.slice(0, 8)}`);
      setAttribute(epoch, 'title', `Store epoch ${present.epoch}`);
      earlier.hidden = others.length === 0;
      earlier.replaceChildren(
        ...others.map(({ epoch: name, words: text }) => h('li', {}, `Epoch ${name.slice(0, 8)}: ${text}`)),
      );
    },
  };
}
