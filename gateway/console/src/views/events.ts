import type { VehicleEvent } from '../api.ts';
import { h } from '../dom.ts';
import { formatCount, sentence } from '../format.ts';
import { gatewayNow, type PageStore } from '../state.ts';
import { timeElement } from './time.ts';

function attributeText(value: string | number | boolean | null): string {
  return typeof value === 'number' ? formatCount(value) : String(value);
}

function eventItem(event: VehicleEvent, nowMs: number): HTMLLIElement {
  const attributes = Object.entries(event.attributes).flatMap(([name, value]) => [
    h('dt', {}, sentence(name).toLowerCase()),
    h('dd', {}, attributeText(value)),
  ]);
  return h(
    'li',
    {},
    timeElement(event.timeMs, nowMs),
    h(
      'div',
      {},
      h('strong', { title: event.name }, sentence(event.name)),
      attributes.length > 0 && h('dl', {}, ...attributes),
    ),
  );
}

/** What happened to the selected vehicle in the last seven days, newest first. */
export function eventsView(store: PageStore): HTMLElement {
  const list = h('ol', { class: 'event-list' });
  const note = h('p', { class: 'note' });
  store.view(['events', 'view'], (state) => {
    const { events } = state;
    const nowMs = gatewayNow(state);
    list.replaceChildren(...(events ?? []).map((event) => eventItem(event, nowMs)));
    note.textContent =
      events === undefined
        ? 'Loading …'
        : 'Nothing has happened in the last 7 days: trips, faults and full stores appear here.';
    note.hidden = events !== undefined && events.length > 0;
  });
  return h('div', { class: 'events' }, list, note);
}
