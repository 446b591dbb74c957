import { h, listen, setAttribute } from '../dom.ts';
import type { Session } from '../session.ts';
import type { PageStore } from '../state.ts';
import { eventsView } from './events.ts';
import { signalsView } from './signals.ts';
import { unitCard } from './unit-card.ts';

interface Tab {
  readonly id: string;
  readonly label: string;
  readonly panel: HTMLElement;
}

/** Tabs by the ARIA pattern: arrow keys move between them, Tab goes into the panel. */
function tabs(items: readonly Tab[]): HTMLElement {
  const buttons = items.map(({ id, label }) =>
    h('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}` }, label),
  );
  const panels = items.map(({ id, panel }) =>
    h('div', { role: 'tabpanel', id: `panel-${id}`, 'aria-labelledby': `tab-${id}` }, panel),
  );
  function choose(at: number): void {
    buttons.forEach((button, i) => {
      setAttribute(button, 'aria-selected', i === at ? 'true' : 'false');
      button.tabIndex = i === at ? 0 : -1;
      panels[i].hidden = i !== at;
    });
  }
  buttons.forEach((button, i) => {
    listen(button, {
      click: () => choose(i),
      keydown: ({ key }) => {
        const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
        if (step === 0) return;
        const next = (i + step + buttons.length) % buttons.length;
        choose(next);
        buttons[next].focus();
      },
    });
  });
  choose(0);
  return h(
    'div',
    { class: 'tabs' },
    h('div', { role: 'tablist', 'aria-label': 'About the vehicle' }, ...buttons),
    ...panels,
  );
}

/** Everything about the selected vehicle that is not a picture of time or place. */
export function detailsView(store: PageStore, session: Session): HTMLElement {
  const nothing = h('p', { class: 'empty' }, 'Choose a vehicle to see its link, its ledger and its signals.');
  const content = h(
    'div',
    { class: 'details-content' },
    unitCard(store, session),
    tabs([
      { id: 'signals', label: 'Signals', panel: signalsView(store, session) },
      { id: 'events', label: 'Events', panel: eventsView(store) },
    ]),
  );
  store.view(['view'], ({ view }) => {
    content.hidden = view.vehicle === undefined;
    nothing.hidden = view.vehicle !== undefined;
  });
  return h(
    'section',
    { class: 'panel details', id: 'details', tabindex: '-1', 'aria-labelledby': 'details-title' },
    nothing,
    content,
  );
}
