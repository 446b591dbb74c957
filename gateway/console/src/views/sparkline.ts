import type { DepthSample } from '../api.ts';
import { setAttribute } from '../dom.ts';
import { counted, formatDuration } from '../format.ts';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 320;
const HEIGHT = 44;

/** Path of a step line: a depth holds until the next is told. Coordinates of a WIDTH × HEIGHT box. */
export function stepPath(samples: readonly DepthSample[], fromMs: number, toMs: number): { line: string; max: number } {
  const max = Math.max(1, ...samples.map(({ batches }) => batches));
  const x = (ms: number): number => ((Math.min(Math.max(ms, fromMs), toMs) - fromMs) / (toMs - fromMs)) * WIDTH;
  const y = (batches: number): number => HEIGHT - 2 - (batches / max) * (HEIGHT - 6);
  const shown = samples.filter(({ timeMs }, i) => timeMs >= fromMs || (samples[i + 1]?.timeMs ?? toMs) >= fromMs);
  if (shown.length === 0) return { line: '', max };
  const steps = shown.map(({ timeMs, batches }, i) =>
    i === 0 ? `M${x(timeMs).toFixed(1)} ${y(batches).toFixed(1)}` : `H${x(timeMs).toFixed(1)}V${y(batches).toFixed(1)}`,
  );
  return { line: `${steps.join('')}H${WIDTH}`, max };
}

/** Store depth over the last minutes, so that a backlog is seen to grow and to drain. */
export function depthSparkline(): {
  readonly element: SVGSVGElement;
  show(samples: readonly DepthSample[], fromMs: number, toMs: number): void;
} {
  const element = document.createElementNS(SVG, 'svg');
  element.setAttribute('class', 'sparkline');
  element.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  element.setAttribute('preserveAspectRatio', 'none');
  element.setAttribute('role', 'img');
  const area = document.createElementNS(SVG, 'path');
  area.setAttribute('class', 'area');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('class', 'line');
  element.append(area, line);
  return {
    element,
    show(samples, fromMs, toMs) {
      const { line: path, max } = stepPath(samples, fromMs, toMs);
      setAttribute(line, 'd', path);
      const start = /^M([\d.]+)/.exec(path)?.[1] ?? '0';
      setAttribute(area, 'd', path === '' ? '' : `${path}V${HEIGHT}H${start}Z`);
      const now = samples.at(-1)?.batches ?? 0;
      const words = `Store depth over the last ${formatDuration(toMs - fromMs)}: ${counted(now, 'batch', 'batches')} now, at most ${counted(samples.length === 0 ? 0 : max, 'batch', 'batches')}`;
      setAttribute(element, 'aria-label', words);
    },
  };
}
