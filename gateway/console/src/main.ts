import './styles/tokens.css';
import './styles/layout.css';
import './styles/components.css';
import './styles/plots.css';
import './styles/map.css';
import { h } from './dom.ts';
import { decodeView } from './hash.ts';
import { Session } from './session.ts';
import type { PageState } from './state.ts';
import { Store } from './store.ts';
import { bannerView } from './views/banner.ts';
import { detailsView } from './views/details.ts';
import { headerView } from './views/header.ts';
import { mapPanel } from './views/map-panel.ts';
import { plotsView } from './views/plots.ts';
import { vehiclesView } from './views/vehicles.ts';

const store = new Store<PageState>({
  config: undefined,
  vehicles: undefined,
  view: decodeView(location.hash),
  signals: undefined,
  latest: new Map(),
  unit: undefined,
  events: undefined,
  tracks: new Map(),
  connection: 'connecting',
  problem: undefined,
  cursorMs: undefined,
  clockOffsetMs: 0,
  tick: 0,
});
const session = new Session(store);

document
  .getElementById('app')!
  .append(
    h('a', { class: 'skip', href: '#details', 'data-skip': true }, 'Skip to the selected vehicle'),
    headerView(store),
    bannerView(store, session),
    h(
      'main',
      { class: 'layout' },
      vehiclesView(store, session),
      mapPanel(store, session),
      detailsView(store, session),
      plotsView(store, session),
    ),
  );
// The address's hash holds the view, so the skip link moves the focus by itself.
document.querySelector('.skip')!.addEventListener('click', (event) => {
  event.preventDefault();
  document.getElementById('details')?.focus();
});
session.start();
