import type { Depth, Reading } from './api.ts';

export interface LiveHandlers {
  readonly state: (state: 'connecting' | 'live' | 'lost') => void;
  readonly reading: (readings: readonly Reading[]) => void;
  readonly link: (link: { readonly unit: string; readonly connected: boolean; readonly detail: string }) => void;
  readonly ledger: (ledger: { readonly unit: string }) => void;
  readonly depth: (depth: { readonly unit: string; readonly depth: Depth }) => void;
}

const RETRY_MS_MAX = 15_000;

/** The gateway's live stream for one vehicle's values. Reconnects by itself, ever less often up to every 15 s. */
export class LiveStream {
  readonly #handlers: LiveHandlers;
  #source: EventSource | undefined;
  #vehicle: string | undefined;
  #retryMs = 1000;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(handlers: LiveHandlers) {
    this.#handlers = handlers;
    addEventListener('online', () => this.retryNow());
    addEventListener('pagehide', () => this.#source?.close());
    addEventListener('pageshow', (event) => event.persisted && this.retryNow());
  }

  open(vehicle: string | undefined): void {
    this.#vehicle = vehicle;
    this.#connect();
  }

  retryNow(): void {
    if (this.#source?.readyState !== EventSource.OPEN) this.#connect();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    const query = this.#vehicle === undefined ? '' : `?vehicle=${encodeURIComponent(this.#vehicle)}`;
    const source = new EventSource(`/api/v1/stream${query}`);
    this.#source = source;
    source.onopen = () => {
      this.#retryMs = 1000;
      this.#handlers.state('live');
    };
    // EventSource gives up after an HTTP error and retries after others: one way for both, with a back-off.
    source.onerror = () => {
      source.close();
      if (this.#source !== source) return;
      this.#handlers.state('lost');
      this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    };
    for (const name of ['reading', 'link', 'ledger', 'depth'] as const)
      source.addEventListener(name, (event) => this.#handlers[name](JSON.parse(event.data)));
  }
}
