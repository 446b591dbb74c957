import { ApiError, api, type Series, type SpanMs } from '../api.ts';
import { h, listen, setAttribute, setText } from '../dom.ts';
import { formatTime, splitName, withUnit } from '../format.ts';
import type { Session } from '../session.ts';
import { isRecorded, type PageState, type PageStore, selectedVehicle, spanInView } from '../state.ts';
import { SignalPlot } from './plot.ts';
import { valueText } from './values.ts';

export interface PlotCard {
  readonly element: HTMLElement;
  /** Loads the span in view; draws when it is there. */
  load(): Promise<void>;
  showLatest(state: PageState): void;
  setColor(colorName: string): void;
  destroy(): void;
}

/** A signal's plot with its name, its value now or under the pointer, and words where there is nothing to draw. */
export function plotCard(store: PageStore, session: Session, vehicle: string, signal: string): PlotCard {
  const { path, leaf } = splitName(signal);
  const value = h('span', { class: 'plot-value' });
  const remove = listen(
    h(
      'button',
      { type: 'button', class: 'icon-button', 'aria-label': `Remove the plot of ${signal}`, title: 'Remove plot' },
      '×',
    ),
    { click: () => session.plot(signal, false) },
  );
  const name = h('h3', { title: signal }, h('span', { class: 'path' }, path), h('span', { class: 'leaf' }, leaf));
  const canvas = h('div', { class: 'plot-canvas', role: 'img' });
  const note = h('p', { class: 'plot-note' }, 'Loading …');
  const element = h(
    'section',
    { class: 'plot-card' },
    h('header', {}, name, value, remove),
    h('div', { class: 'plot-body' }, canvas, note),
  );

  let color = '--series-1';
  let plot: SignalPlot | undefined;
  let shown: { series: Series; span: SpanMs } | undefined;
  let pointed: string | undefined;
  let abort = new AbortController();

  function draw(): void {
    plot ??= new SignalPlot(canvas, color, {
      zoom: (span) => session.setSpan(span),
      live: () => session.setSpan({ liveMs: 900_000 }),
      cursor: (timeMs, words) => {
        pointed = words;
        session.cursor(timeMs);
        showLatest(store.state);
      },
    });
    if (shown !== undefined) plot.show(shown.series, shown.span);
  }

  function showLatest(state: PageState): void {
    const info = state.signals?.find((known) => known.name === signal);
    const latest = state.latest.get(signal);
    const now = latest && info ? withUnit(valueText(latest.value, info.unit), info.unit) : '';
    setText(value, pointed ?? now);
    setAttribute(value, 'data-pointed', pointed !== undefined);
  }

  async function load(): Promise<void> {
    abort.abort();
    abort = new AbortController();
    const { signal: aborted } = abort;
    const span = spanInView(store.state);
    const points = Math.min(Math.max(Math.round(canvas.clientWidth / 2), 100), 2000);
    try {
      const series = await api.series(vehicle, signal, span, points, aborted);
      shown = { series, span };
      draw();
      setText(note, series.timesMs.length > 0 ? '' : emptyWords(store.state, signal));
      setAttribute(canvas, 'aria-label', plotWords(signal, series, span));
    } catch (error) {
      if (aborted.aborted) return;
      const gone = error instanceof ApiError && error.status === 404;
      setText(note, gone ? emptyWords(store.state, signal) : error instanceof Error ? error.message : String(error));
    }
    note.hidden = note.textContent === '';
  }

  const observer = new ResizeObserver(() => plot?.fit());
  observer.observe(canvas);
  return {
    element,
    load,
    showLatest,
    setColor(colorName) {
      if (colorName === color && plot !== undefined) return;
      color = colorName;
      element.style.setProperty('--line', `var(${colorName})`);
      plot?.destroy();
      plot = undefined;
      if (shown !== undefined) draw();
    },
    destroy() {
      abort.abort();
      observer.disconnect();
      plot?.destroy();
      element.remove();
    },
  };
}

function emptyWords(state: PageState, signal: string): string {
  const latest = state.latest.get(signal);
  const vehicle = selectedVehicle(state);
  if (latest === undefined) return 'No reading of this signal has arrived yet.';
  const recorded = isRecorded(vehicle) ? ' The vehicle’s readings carry the time of a recording.' : '';
  return `Nothing arrived for this span. The newest reading is from ${formatTime(latest.timeMs, Date.now())}.${recorded}`;
}

function plotWords(signal: string, series: Series, { from, to }: SpanMs): string {
  const unit = series.unit === '' ? '' : ` in ${series.unit}`;
  return `Plot of ${signal}${unit}, ${formatTime(from, Date.now())} to ${formatTime(to, Date.now())}, ${series.timesMs.length} points`;
}
