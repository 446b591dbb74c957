import type { Track } from '../api.ts';
import { gapMs } from './plot-data.ts';

type Line = number[][];

/** A track as lines, broken where nothing was reported, so that no line runs through houses. */
export function trackLines(track: Track): Line[] {
  const limitMs = Math.max(gapMs({ timesMs: track.timesMs, stepMs: 0 }), 15_000);
  const lines: Line[] = [];
  track.timesMs.forEach((time, i) => {
    const before = track.timesMs[i - 1];
    if (before === undefined || time - before > limitMs) lines.push([]);
    lines.at(-1)!.push([track.longitudes[i], track.latitudes[i]]);
  });
  return lines.filter((line) => line.length > 1);
}

/** Where the vehicle was, by the reading nearest in time. */
export function placeAt(track: Track, timeMs: number): [longitude: number, latitude: number] | undefined {
  const { timesMs } = track;
  if (timesMs.length === 0) return undefined;
  let low = 0;
  let high = timesMs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesMs[middle] < timeMs) low = middle + 1;
    else high = middle;
  }
  const at = low > 0 && timeMs - timesMs[low - 1] < timesMs[low] - timeMs ? low - 1 : low;
  return [track.longitudes[at], track.latitudes[at]];
}
