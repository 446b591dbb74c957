import type { Logger } from '@iot/host';
import type { LiveUpdate } from '../ports.ts';

const SUBSCRIBERS_MAX = 64;

/** Tells live viewers what happened, at once and in order. It keeps nothing: a viewer that is slow bounds its own queue. */
export class LiveUpdates {
  readonly #listeners = new Set<(update: LiveUpdate) => void>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns what ends the subscription. Throws RangeError beyond SUBSCRIBERS_MAX. */
  subscribe(listener: (update: LiveUpdate) => void): () => void {
    if (this.#listeners.size >= SUBSCRIBERS_MAX)
      throw new RangeError(`${SUBSCRIBERS_MAX} subscribers watch already: share a subscription`);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A listener that throws is dropped: acceptance must not depend on who watches. */
  emit(update: LiveUpdate): void {
    for (const listener of this.#listeners) {
      try {
        listener(update);
      } catch (error) {
        this.#listeners.delete(listener);
        this.#log.error(error, 'a live viewer failed on an update and was dropped');
      }
    }
  }
}
