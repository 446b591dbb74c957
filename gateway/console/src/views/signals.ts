import type { Signal } from '../api.ts';
import { h, keyedList, listen, setAttribute, setText } from '../dom.ts';
import { formatTime, prettyUnit, splitName, utcTime } from '../format.ts';
import { SIGNALS_MAX } from '../hash.ts';
import type { Session } from '../session.ts';
import { gatewayNow, type PageState, type PageStore, plottedSignals } from '../state.ts';
import { valueText } from './values.ts';

const ROWS_MAX = 400;
const STALE_MS = 60_000;

interface Row {
  readonly signal: Signal;
  readonly plotted: boolean;
}

function makeRow(session: Session, { signal }: Row): HTMLLIElement {
  const { path, leaf } = splitName(signal.name);
  const box = h('input', { type: 'checkbox', 'aria-label': `Plot ${signal.name}`, disabled: !signal.numeric });
  if (!signal.numeric) box.title = 'Text has no plot';
  listen(box, { change: () => session.plot(signal.name, box.checked) });
  const name = h(
    'span',
    { class: 'signal-name', title: signal.name },
    h('span', { class: 'path' }, path),
    h('span', { class: 'leaf' }, leaf),
  );
  const value = h('output', { class: 'signal-value' });
  return h('li', {}, h('label', {}, box, name, value, h('span', { class: 'signal-unit' }, prettyUnit(signal.unit))));
}

function updateRow(row: HTMLLIElement, { signal, plotted }: Row, state: PageState): void {
  const label = row.firstElementChild!;
  const box = label.firstElementChild as HTMLInputElement;
  if (box.checked !== plotted) box.checked = plotted;
  const latest = state.latest.get(signal.name);
  const value = label.children[2];
  setText(value, latest === undefined ? '—' : valueText(latest.value, signal.unit));
  if (latest === undefined) return;
  setAttribute(value, 'title', `${formatTime(latest.timeMs, gatewayNow(state))} · ${utcTime(latest.timeMs)}`);
  const vehicle = state.vehicles?.find(({ vehicle: name }) => name === state.view.vehicle);
  setAttribute(row, 'data-stale', (vehicle?.lastReadingMs ?? 0) - latest.timeMs > STALE_MS);
}

/** Every signal with its newest value; ticking one plots it. */
export function signalsView(store: PageStore, session: Session): HTMLElement {
  const filter = h('input', { type: 'search', placeholder: 'Find a signal', 'aria-label': 'Find a signal' });
  const list = h('ul', { class: 'signal-list' });
  const note = h('p', { class: 'note', role: 'status' });
  const show = keyedList<Row, HTMLLIElement>(
    list,
    (row) => makeRow(session, row),
    (element, row) => updateRow(element, row, store.state),
  );
  function render(state: PageState): void {
    const plotted = plottedSignals(state);
    const words = filter.value.trim().toLowerCase();
    const found = (state.signals ?? []).filter(({ name }) => name.toLowerCase().includes(words));
    show(
      found.slice(0, ROWS_MAX).map((signal) => ({ signal, plotted: plotted.includes(signal.name) })),
      ({ signal }) => `${state.view.vehicle} ${signal.name} ${signal.unit}`,
    );
    setText(note, noteWords(state, found.length, plotted.length));
  }
  listen(filter, { input: () => render(store.state) });
  store.view(['signals', 'latest', 'view'], render);
  return h('div', { class: 'signals' }, filter, list, note);
}

function noteWords({ signals, view }: PageState, found: number, plotted: number): string {
  if (view.vehicle === undefined) return '';
  if (signals === undefined) return 'No signal of this vehicle has arrived yet.';
  if (found === 0 && signals.length > 0) return 'None matches. Clear the field to see all.';
  if (found > ROWS_MAX) return `${found - ROWS_MAX} more: write part of a name above.`;
  return plotted >= SIGNALS_MAX ? `${SIGNALS_MAX} plots are shown: ticking another replaces the first.` : '';
}
