import type { Clock } from '../../src/ports.ts';

/** A clock that stands still until a test moves it; waits end when it passes them. */
export class ManualClock implements Clock {
  readonly bootId = new Uint8Array(16);
  nowUs: number;
  #timers: { readonly atUs: number; readonly run: () => void }[] = [];

  constructor(nowUs = 1_000_000) {
    this.nowUs = nowUs;
  }

  bootUs(): number {
    return this.nowUs;
  }

  wallUs(): number {
    return 1.8e15 + this.nowUs;
  }

  setTimer(delayMs: number, run: () => void): () => void {
    const timer = { atUs: this.nowUs + delayMs * 1000, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** When the next wait ends; undefined where nobody waits. */
  get nextUs(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ atUs }) => atUs));
  }

  /** Goes to the end of the next wait. */
  next(): void {
    const timer = this.#timers.reduce((a, b) => (b.atUs < a.atUs ? b : a));
    this.#timers = this.#timers.filter((other) => other !== timer);
    this.nowUs = Math.max(this.nowUs, timer.atUs);
    timer.run();
  }
}

/** The real clock, with every wait cut to a moment. */
export function hastyClock(): Clock {
  return {
    bootId: new Uint8Array(16),
    bootUs: () => Math.floor(performance.now() * 1000),
    wallUs: () => Date.now() * 1000,
    setTimer(_delayMs, run) {
      const timer = setTimeout(run, 1);
      return () => clearTimeout(timer);
    },
  };
}
