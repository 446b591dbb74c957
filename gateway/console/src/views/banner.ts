import { h, listen, setText } from '../dom.ts';
import type { Session } from '../session.ts';
import type { PageState, PageStore } from '../state.ts';

function bannerWords({ connection, problem }: PageState): string | undefined {
  if (connection === 'lost')
    return 'The connection to the gateway is lost. What you see is the last that arrived; the page reconnects by itself.';
  return problem;
}

/** Says what is wrong with the page's own connection, and offers to try again at once. */
export function bannerView(store: PageStore, session: Session): HTMLElement {
  const words = h('p');
  const retry = listen(h('button', { type: 'button', class: 'button' }, 'Try now'), { click: () => session.retry() });
  const banner = h('div', { class: 'banner', role: 'alert', hidden: true }, words, retry);
  store.view(['connection', 'problem'], (state) => {
    const text = bannerWords(state);
    banner.hidden = text === undefined;
    setText(words, text ?? '');
  });
  return banner;
}
