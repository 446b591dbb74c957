import type { Vehicle } from '../api.ts';
import { h, keyedList, listen, setAttribute, setText } from '../dom.ts';
import { counted, formatBytes, formatCount, formatDuration } from '../format.ts';
import type { Session } from '../session.ts';
import { gatewayNow, type PageState, type PageStore } from '../state.ts';

const ROWS_MAX = 200;
const FILTER_FROM = 8;

export type VehicleCondition = 'online' | 'cut' | 'offline';

export function conditionOf(vehicle: Vehicle): VehicleCondition {
  if (vehicle.link.controllable && !vehicle.link.up) return 'cut';
  return vehicle.online ? 'online' : 'offline';
}

/** `Online`, `Link cut`, `Offline for 3 min`. */
export function conditionWords(vehicle: Vehicle, nowMs: number): string {
  const condition = conditionOf(vehicle);
  if (condition === 'online') return 'Online';
  const sinceMs = vehicle.online ? undefined : (vehicle.sinceMs ?? vehicle.lastSeenMs);
  const age = sinceMs === undefined ? '' : ` for ${formatDuration(nowMs - sinceMs)}`;
  return condition === 'cut' ? `Link cut${age}` : `Offline${age}`;
}

function backlogWords({ depth }: Vehicle): string {
  if (depth === undefined || depth.batches === 0) return '';
  return `${counted(depth.batches, 'batch', 'batches')} waiting, ${formatBytes(depth.bytes)}`;
}

function makeRow(session: Session, { vehicle }: Vehicle): HTMLLIElement {
  const button = h(
    'button',
    { type: 'button', class: 'vehicle' },
    h('span', { class: 'name' }, vehicle),
    h('span', { class: 'condition' }),
    h('span', { class: 'unit' }),
    h('span', { class: 'backlog' }),
  );
  return h('li', {}, listen(button, { click: () => session.select(vehicle) }));
}

function updateRow(row: HTMLLIElement, vehicle: Vehicle, selected: boolean, nowMs: number): void {
  const button = row.firstElementChild!;
  setAttribute(button, 'aria-current', selected ? 'true' : undefined);
  setAttribute(button, 'data-condition', conditionOf(vehicle));
  const texts = [vehicle.vehicle, conditionWords(vehicle, nowMs), vehicle.unit, backlogWords(vehicle)];
  texts.forEach((text, at) => {
    setText(button.children[at], text);
  });
}

const GUIDANCE = [
  'Start an agent with this gateway’s address as its `uplink`, and it appears here within seconds.',
  'Check with `odograph-agent status` on the unit that it is connected.',
] as const;

function emptyState(): HTMLElement {
  const steps = GUIDANCE.map((text) => {
    const parts = text.split('`').map((part, at) => (at % 2 === 1 ? h('code', {}, part) : part));
    return h('li', {}, ...parts);
  });
  return h('div', { class: 'empty' }, h('p', {}, 'No vehicle has reported yet.'), h('ol', {}, ...steps));
}

export function vehiclesView(store: PageStore, session: Session): HTMLElement {
  const filter = h('input', {
    type: 'search',
    placeholder: 'Find a vehicle or unit',
    'aria-label': 'Find a vehicle or unit',
  });
  const list = h('ul', { class: 'vehicle-list' });
  const note = h('p', { class: 'note', role: 'status' });
  const empty = emptyState();
  const show = keyedList<Vehicle, HTMLLIElement>(
    list,
    (vehicle) => makeRow(session, vehicle),
    (row, vehicle) => {
      const { state } = store;
      updateRow(row, vehicle, vehicle.vehicle === state.view.vehicle, gatewayNow(state));
    },
  );
  function render({ vehicles }: PageState): void {
    const all = vehicles ?? [];
    const words = filter.value.trim().toLowerCase();
    const found = all.filter(({ vehicle, unit }) => `${vehicle} ${unit}`.toLowerCase().includes(words));
    filter.hidden = all.length < FILTER_FROM;
    empty.hidden = vehicles === undefined || all.length > 0;
    show(found.slice(0, ROWS_MAX), ({ vehicle }) => vehicle);
    const more = found.length - ROWS_MAX;
    const nothing = all.length > 0 && found.length === 0 ? 'None matches. Clear the field to see all.' : '';
    setText(
      note,
      vehicles === undefined
        ? 'Loading …'
        : more > 0
          ? `${formatCount(more)} more: write part of a name above.`
          : nothing,
    );
  }
  listen(filter, { input: () => render(store.state) });
  store.view(['vehicles', 'view', 'tick'], render);
  const heading = h('h2', { id: 'vehicles-title' }, 'Vehicles');
  return h('nav', { class: 'panel vehicles', 'aria-labelledby': 'vehicles-title' }, heading, filter, list, note, empty);
}
