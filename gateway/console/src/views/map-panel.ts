import { h, listen, setAttribute } from '../dom.ts';
import type { Session } from '../session.ts';
import type { PageStore } from '../state.ts';
import type { MapHandle } from './map.ts';

const NO_MAP =
  'This browser cannot draw the map: it needs WebGL 2. Turn on hardware acceleration, or use another browser. Everything else works without it.';

/** The map's panel. MapLibre is larger than the rest of the page, so it is loaded after the first answers are on screen. */
export function mapPanel(store: PageStore, session: Session): HTMLElement {
  const host = h('div', { class: 'map', 'aria-label': 'Map of vehicles and tracks', role: 'region' });
  const note = h('p', { class: 'map-note', role: 'status' }, 'Loading the map …');
  const follow = h(
    'button',
    { type: 'button', 'aria-pressed': 'true', title: 'Keep the selected vehicle in view' },
    'Follow',
  );
  const fit = h('button', { type: 'button', title: 'Show all vehicles and tracks' }, 'Fit all');
  const tools = h('div', { class: 'map-tools segmented', hidden: true }, follow, fit);
  let map: MapHandle | undefined;

  const setFollow = (on: boolean): void => setAttribute(follow, 'aria-pressed', on ? 'true' : 'false');
  listen(follow, {
    click: () => {
      const on = follow.getAttribute('aria-pressed') !== 'true';
      setFollow(on);
      map?.follow(on);
    },
  });
  listen(fit, {
    click: () => {
      setFollow(false);
      map?.follow(false);
      map?.fitAll();
    },
  });

  let started = false;
  async function start(): Promise<void> {
    started = true;
    try {
      const { startMap } = await import('./map.ts');
      map = startMap(host, store, session, setFollow);
      tools.hidden = false;
      note.hidden = true;
    } catch {
      // Everything that can fail here is the browser's: the module that did not load, or WebGL that is off.
      note.textContent = NO_MAP;
    }
  }
  store.view(['config'], ({ config }) => {
    if (config !== undefined && !started) start();
  });
  return h('section', { class: 'panel map-panel', 'aria-label': 'Map' }, host, note, tools);
}
