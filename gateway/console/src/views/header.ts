import { h, setAttribute, setText } from '../dom.ts';
import { counted, formatCount, formatTime, utcTime } from '../format.ts';
import { gatewayNow, type PageState, type PageStore } from '../state.ts';

const CONNECTION = { connecting: 'Connecting', live: 'Live', lost: 'Reconnecting' } as const;

function fleetWords({ vehicles }: PageState): string {
  if (vehicles === undefined) return 'Loading …';
  const online = vehicles.filter((vehicle) => vehicle.online).length;
  const waiting = vehicles.reduce((sum, { depth }) => sum + (depth?.batches ?? 0), 0);
  const words = `${counted(vehicles.length, 'vehicle')} · ${formatCount(online)} online`;
  return waiting === 0 ? words : `${words} · ${counted(waiting, 'batch', 'batches')} on the way`;
}

export function headerView(store: PageStore): HTMLElement {
  const title = h('h1', {}, 'Odograph');
  const fleet = h('p', { class: 'fleet' });
  const state = h('span', { class: 'stream', role: 'status' });
  const clock = h('time', { class: 'clock' });
  store.view(['config', 'vehicles'], (now) => {
    const name = now.config?.title ?? 'Odograph';
    setText(title, name);
    document.title = name;
    setText(fleet, fleetWords(now));
  });
  store.view(['connection'], ({ connection }) => {
    setText(state, CONNECTION[connection]);
    setAttribute(state, 'data-state', connection);
  });
  store.view(['tick', 'clockOffsetMs'], (now) => {
    const ms = gatewayNow(now);
    setText(clock, formatTime(ms, ms));
    setAttribute(clock, 'title', `${utcTime(Math.floor(ms / 1000) * 1000)} (the gateway’s clock)`);
  });
  return h('header', { class: 'top' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), title, fleet, state, clock);
}
