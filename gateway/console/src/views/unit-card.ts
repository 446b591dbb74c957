import type { Depth, Unit, Vehicle } from '../api.ts';
import { h, listen, setAttribute, setText } from '../dom.ts';
import { counted, formatBytes, formatDuration } from '../format.ts';
import type { Session } from '../session.ts';
import { gatewayNow, isRecorded, type PageState, type PageStore, selectedVehicle } from '../state.ts';
import { ledgerCard } from './ledger.ts';
import { depthSparkline } from './sparkline.ts';
import { setTime } from './time.ts';
import { conditionOf, conditionWords } from './vehicles.ts';

const DEPTH_SPAN_MS = 900_000;

function depthWords(depth: Depth | undefined, nowMs: number, isOnline: boolean): string {
  if (depth === undefined) return 'Not told yet';
  const age = nowMs - depth.atMs;
  const told = !isOnline && age > 5000 ? `, told ${formatDuration(age)} ago` : '';
  if (depth.batches === 0) return `Empty${told}`;
  const oldest = depth.oldestMs === undefined ? '' : `, oldest ${formatDuration(nowMs - depth.oldestMs)}`;
  return `${counted(depth.batches, 'batch', 'batches')}, ${formatBytes(depth.bytes)}${oldest}${told}`;
}

function connectionWords(unit: Unit | undefined): string {
  if (unit === undefined) return '…';
  if (!unit.connected) return 'Not connected';
  return [unit.protocol, unit.remote && `from ${unit.remote}`].filter(Boolean).join(' ');
}

function row(label: string, ...content: readonly (Node | string)[]): HTMLElement {
  return h('div', { class: 'fact' }, h('dt', {}, label), h('dd', {}, ...content));
}

/** `Cut link` or `Restore link`, where a link control is configured and knows the unit. */
function linkSwitch(store: PageStore, session: Session): HTMLElement {
  const button = h('button', { type: 'button', class: 'button link-switch' });
  const note = h('p', { class: 'note problem', role: 'alert', hidden: true });
  const box = h('div', { class: 'link-control' }, button, note);
  async function flip(): Promise<void> {
    const vehicle = selectedVehicle(store.state);
    if (vehicle === undefined) return;
    button.disabled = true;
    note.hidden = true;
    try {
      await session.setLink(vehicle.unit, !vehicle.link.up);
    } catch (error) {
      note.hidden = false;
      setText(note, error instanceof Error ? error.message : String(error));
    }
    button.disabled = false;
  }
  listen(button, { click: flip });
  store.view(['vehicles', 'view'], (state) => {
    const vehicle = selectedVehicle(state);
    button.hidden = !vehicle?.link.controllable;
    box.hidden = button.hidden && vehicle?.link.error === undefined;
    if (vehicle?.link.error !== undefined) {
      note.hidden = false;
      setText(note, vehicle.link.error);
    }
    setText(button, vehicle?.link.up ? 'Cut link' : 'Restore link');
    setAttribute(button, 'data-up', vehicle?.link.up);
  });
  return box;
}

/** Link, store and ledger of the unit in the selected vehicle. */
export function unitCard(store: PageStore, session: Session): HTMLElement {
  const name = h('h2', { id: 'details-title' });
  const condition = h('p', { class: 'condition-line', role: 'status' });
  const unitName = h('span', { class: 'mono' });
  const connection = h('span');
  const seen = h('time');
  const recorded = h('p', { class: 'note' });
  const depth = h('span');
  const spark = depthSparkline();
  const ledger = ledgerCard();

  function showFacts(state: PageState): void {
    const vehicle = selectedVehicle(state);
    const nowMs = gatewayNow(state);
    setText(name, vehicle?.vehicle ?? state.view.vehicle ?? 'No vehicle selected');
    if (vehicle === undefined) return;
    setText(condition, conditionWords(vehicle, nowMs));
    setAttribute(condition, 'data-condition', conditionOf(vehicle));
    setText(unitName, vehicle.unit);
    setText(connection, connectionWords(state.unit));
    if (vehicle.lastReadingMs !== undefined) setTime(seen, vehicle.lastReadingMs, nowMs);
    else setText(seen, 'none yet');
    recorded.hidden = !isRecorded(vehicle);
    setText(recorded, 'Its readings carry another time than this gateway’s: a recording, or a wrong clock.');
    setText(depth, depthWords(vehicle.depth, nowMs, vehicle.online));
    showDepth(vehicle, state.unit, nowMs);
  }

  function showDepth(vehicle: Vehicle, unit: Unit | undefined, nowMs: number): void {
    const samples = unit?.depths ?? [];
    const now = vehicle.depth;
    const newest = samples.at(-1);
    const more = now && (newest === undefined || now.atMs > newest.timeMs) ? [{ ...now, timeMs: now.atMs }] : [];
    spark.show([...samples, ...more], nowMs - DEPTH_SPAN_MS, nowMs);
  }

  store.view(['vehicles', 'view', 'unit', 'tick'], showFacts);
  store.view(['unit'], ({ unit }) => {
    if (unit !== undefined) ledger.show(unit.ledger);
    setAttribute(ledger.element, 'aria-busy', unit === undefined ? 'true' : undefined);
  });
  return h(
    'div',
    { class: 'unit-card' },
    h('div', { class: 'unit-head' }, h('div', {}, name, condition), linkSwitch(store, session)),
    h(
      'dl',
      { class: 'facts' },
      row('Unit', unitName),
      row('Link', connection),
      row('Newest reading', seen),
      row('Store', depth),
    ),
    recorded,
    spark.element,
    h(
      'p',
      { class: 'spark-scale', 'aria-hidden': 'true' },
      h('span', {}, '15 min ago'),
      h('span', {}, 'store depth'),
      h('span', {}, 'now'),
    ),
    h('h3', {}, 'Ledger'),
    ledger.element,
  );
}
