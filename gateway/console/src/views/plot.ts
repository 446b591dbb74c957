import uPlot from 'uplot';
import type { Series, SpanMs } from '../api.ts';
import { cssColor } from '../dom.ts';
import { digitsOf, formatNumber, formatTime, withUnit } from '../format.ts';
import { type PlotColumns, plotColumns } from './plot-data.ts';

export interface PlotHandlers {
  readonly zoom: (span: SpanMs) => void;
  readonly live: () => void;
  readonly cursor: (timeMs: number | undefined, words: string | undefined) => void;
}

const SYNC = uPlot.sync('plots');
const FONT = '11px system-ui, sans-serif';
const DRAG_PX_MIN = 6;

/** Value words at a point of a series: mean, with min and max where they differ. */
export function pointWords(unit: string, min: number, max: number, mean: number): string {
  const digits = digitsOf(mean, unit);
  const middle = withUnit(formatNumber(mean, digits), unit);
  return min === max ? middle : `${middle} (${formatNumber(min, digits)} to ${formatNumber(max, digits)})`;
}

function axis(color: string, grid: string): uPlot.Axis {
  return { stroke: color, font: FONT, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 } };
}

/** uPlot's own time axis writes am and pm; ours is as the rest of the page. */
const LOCAL_TIMES: uPlot.Axis.Values = [
  [86_400_000 * 365, '{YYYY}', null, null, null, null, null, null, 1],
  [86_400_000 * 28, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [86_400_000, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [60_000, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
  [1000, '{HH}:{mm}:{ss}', '\n{D} {MMM}', null, null, null, null, null, 1],
  [1, ':{ss}.{fff}', '\n{HH}:{mm}', null, null, null, null, null, 1],
];

function optionsFor(size: uPlot.Options, colorName: string, handlers: PlotHandlers): uPlot.Options {
  const line = cssColor(colorName);
  const text = cssColor('--text-muted');
  const grid = cssColor('--grid');
  const none = { stroke: 'transparent', width: 0, points: { show: false } };
  return {
    ...size,
    ms: 1,
    legend: { show: false },
    padding: [8, 22, 0, 0],
    scales: { x: { time: true, auto: false }, y: { range: (_, min, max) => paddedRange(min, max) } },
    axes: [
      { ...axis(text, grid), values: LOCAL_TIMES, space: 70, size: 42 },
      { ...axis(text, grid), size: 58, space: 28 },
    ],
    series: [{}, none, none, { stroke: line, width: 1.6, points: { show: sparse, size: 5 } }],
    bands: [{ series: [2, 1], fill: `${line}33` }],
    cursor: {
      sync: { key: SYNC.key, scales: ['x', null] },
      drag: { x: true, y: false, setScale: false, dist: DRAG_PX_MIN },
      bind: {
        dblclick: () => () => {
          handlers.live();
          return null;
        },
      },
      points: { size: 7, fill: line },
    },
    hooks: {
      setSelect: [
        (plot) => {
          if (plot.select.width < DRAG_PX_MIN) return;
          const from = plot.posToVal(plot.select.left, 'x');
          const to = plot.posToVal(plot.select.left + plot.select.width, 'x');
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          handlers.zoom({ from, to });
        },
      ],
      setCursor: [(plot) => tellCursor(plot, handlers)],
    },
  };
}

/** Single readings with nothing beside them would be invisible as a line. */
function sparse(plot: uPlot): boolean {
  return plot.data[0].length < 60;
}

function paddedRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const padding = max > min ? (max - min) * 0.08 : Math.max(Math.abs(max) * 0.05, 0.5);
  // A quantity that is never negative keeps its zero: the padding must not suggest otherwise.
  return [min >= 0 && min - padding < 0 ? 0 : min - padding, max + padding];
}

function tellCursor(plot: uPlot, handlers: PlotHandlers): void {
  const index = plot.cursor.idx;
  const [times, min, max, mean] = plot.data as unknown as PlotColumns;
  if (index === null || index === undefined || typeof mean[index] !== 'number') {
    handlers.cursor(undefined, undefined);
    return;
  }
  const unit = (plot as { unit?: string }).unit ?? '';
  const words = pointWords(unit, min[index]!, max[index]!, mean[index]!);
  handlers.cursor(times[index], `${formatTime(times[index], Date.now())}  ${words}`);
}

/** A plot of one signal in `host`: mean as a line, min and max as a band. Drag zooms, double-click goes back to live. */
export class SignalPlot {
  readonly #host: HTMLElement;
  readonly #plot: uPlot & { unit?: string };

  constructor(host: HTMLElement, colorName: string, handlers: PlotHandlers) {
    this.#host = host;
    const size = { width: host.clientWidth, height: host.clientHeight, series: [] };
    this.#plot = new uPlot(optionsFor(size, colorName, handlers), [[], [], [], []], host);
  }

  show(series: Series, span: SpanMs): void {
    this.#plot.unit = series.unit;
    this.#plot.batch(() => {
      this.#plot.setData(plotColumns(series), false);
      this.#plot.setScale('x', { min: span.from, max: span.to });
    });
  }

  move(span: SpanMs): void {
    this.#plot.setScale('x', { min: span.from, max: span.to });
  }

  fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height))
      this.#plot.setSize({ width, height });
  }

  destroy(): void {
    this.#plot.destroy();
  }
}
