import { h, setAttribute, setText } from '../dom.ts';
import { formatTime, utcTime } from '../format.ts';

/** A `<time>` in the local zone; the pointer that rests on it reads UTC. */
export function timeElement(ms: number, nowMs: number): HTMLTimeElement {
  const element = h('time');
  setTime(element, ms, nowMs);
  return element;
}

export function setTime(element: HTMLTimeElement, ms: number, nowMs: number): void {
  setText(element, formatTime(ms, nowMs));
  setAttribute(element, 'datetime', new Date(ms).toISOString());
  setAttribute(element, 'title', utcTime(ms));
}
