import 'uplot/dist/uPlot.min.css';
import { h, listen, onThemeChange, setAttribute, setText } from '../dom.ts';
import { formatTime, utcTime } from '../format.ts';
import { SPANS } from '../hash.ts';
import type { Session } from '../session.ts';
import { isRecorded, type PageState, type PageStore, plottedSignals, selectedVehicle, spanInView } from '../state.ts';
import { type PlotCard, plotCard } from './plot-card.ts';

const COLORS = 6;
const LIVE_LOADS_PER_SPAN = 450;

/** How often a live span is loaded again: as often as it moves by a pixel or two, at most each second. */
function loadEveryS(state: PageState): number {
  const { span } = state.view;
  if ('from' in span) return 30;
  return Math.min(Math.max(Math.round(span.liveMs / 1000 / LIVE_LOADS_PER_SPAN), 1), 60);
}

function spanToolbar(store: PageStore, session: Session): HTMLElement {
  const words = h('p', { class: 'span-words' });
  const buttons = SPANS.map(({ label, ms }) =>
    listen(h('button', { type: 'button', 'data-ms': ms }, label), { click: () => session.setSpan({ liveMs: ms }) }),
  );
  const move = (label: string, text: string, share: number): HTMLElement =>
    listen(h('button', { type: 'button', 'aria-label': label, title: label }, text), {
      click: () => session.moveSpan(share),
    });
  const live = listen(h('button', { type: 'button', class: 'button live-button' }, 'Back to live'), {
    click: () => session.setSpan({ liveMs: 900_000 }),
  });
  store.view(['view', 'vehicles', 'tick'], (state) => {
    const { span } = state.view;
    const { from, to } = spanInView(state);
    for (const button of buttons)
      setAttribute(
        button,
        'aria-pressed',
        'liveMs' in span && Number(button.dataset.ms) === span.liveMs ? 'true' : 'false',
      );
    live.hidden = 'liveMs' in span;
    const following = isRecorded(selectedVehicle(state)) ? 'Following the recording' : 'Following';
    setText(words, 'liveMs' in span ? following : `${formatTime(from, Date.now())} – ${formatTime(to, Date.now())}`);
    setAttribute(words, 'title', 'from' in span ? `${utcTime(from)} – ${utcTime(to)}` : undefined);
    setAttribute(words, 'data-live', 'liveMs' in span);
  });
  return h(
    'div',
    { class: 'toolbar', role: 'toolbar', 'aria-label': 'Time span' },
    h('div', { class: 'segmented' }, ...buttons),
    h('div', { class: 'segmented' }, move('Earlier', '◀', -0.5), move('Later', '▶', 0.5)),
    words,
    live,
  );
}

export function plotsView(store: PageStore, session: Session): HTMLElement {
  const list = h('div', { class: 'plot-list' });
  const empty = h('p', { class: 'empty' }, 'Tick a signal in the list to plot it here.');
  const cards = new Map<string, PlotCard>();
  let vehicle: string | undefined;

  function sync(state: PageState): void {
    if (state.view.vehicle !== vehicle) {
      for (const card of cards.values()) card.destroy();
      cards.clear();
      vehicle = state.view.vehicle;
    }
    const wanted = vehicle === undefined ? [] : plottedSignals(state);
    for (const [signal, card] of cards) {
      if (wanted.includes(signal)) continue;
      card.destroy();
      cards.delete(signal);
    }
    wanted.forEach((signal, at) => {
      if (!cards.has(signal)) {
        const card = plotCard(store, session, vehicle!, signal);
        cards.set(signal, card);
        list.append(card.element);
        card.load();
      }
      cards.get(signal)!.setColor(`--series-${(at % COLORS) + 1}`);
    });
    empty.hidden = wanted.length > 0 || state.signals === undefined;
  }

  store.view(['view', 'signals'], sync);
  let span = store.state.view.span;
  store.view(['view'], (state) => {
    if (state.view.span === span) return;
    span = state.view.span;
    for (const card of cards.values()) card.load();
  });
  store.view(['latest', 'signals'], (state) => {
    for (const card of cards.values()) card.showLatest(state);
  });
  store.view(['tick'], (state) => {
    if (state.connection === 'lost' || state.tick % loadEveryS(state) !== 0) return;
    for (const card of cards.values()) card.load();
  });
  onThemeChange(() => {
    for (const card of cards.values()) card.setColor('');
    sync(store.state);
  });
  const heading = h('h2', { id: 'plots-title' }, 'Plots');
  return h(
    'section',
    { class: 'panel plots', 'aria-labelledby': 'plots-title' },
    h('div', { class: 'panel-head' }, heading, spanToolbar(store, session)),
    list,
    empty,
  );
}
