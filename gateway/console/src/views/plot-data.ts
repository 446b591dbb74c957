import type { Series } from '../api.ts';

/** Columns as uPlot takes them: times in ms, then min, max, mean; null where the line is to break. */
export type PlotColumns = [x: number[], min: (number | null)[], max: (number | null)[], mean: (number | null)[]];

const GAP_MS_MIN = 3000;
const GAP_STEPS = 4;

/** Longest time between two readings that still counts as one line. */
export function gapMs({ timesMs, stepMs }: Pick<Series, 'timesMs' | 'stepMs'>): number {
  const steps = timesMs.slice(1).map((time, i) => time - timesMs[i]);
  const median = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  return Math.max(GAP_MS_MIN, GAP_STEPS * Math.max(median, stepMs));
}

/** Breaks the line where nothing was reported, so that a hole in the data looks like one. */
export function plotColumns(series: Series): PlotColumns {
  const columns: PlotColumns = [[], [], [], []];
  const limitMs = gapMs(series);
  series.timesMs.forEach((time, i) => {
    const before = series.timesMs[i - 1];
    if (before !== undefined && time - before > limitMs) push(columns, before + limitMs / 2, null, null, null);
    push(columns, time, series.min[i], series.max[i], series.mean[i]);
  });
  return columns;
}

function push(columns: PlotColumns, time: number, min: number | null, max: number | null, mean: number | null): void {
  columns[0].push(time);
  columns[1].push(min);
  columns[2].push(max);
  columns[3].push(mean);
}

/** Whether min and max differ anywhere, so that a band says something. */
export function hasBand({ min, max }: Series): boolean {
  return min.some((value, i) => value !== max[i]);
}
