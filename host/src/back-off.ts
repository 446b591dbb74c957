export interface BackOffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0 up to 1. */
  readonly random: () => number;
}

/** Doubling delays with jitter: between half and all of the step, so that those who failed together do not return together. */
export class BackOff {
  readonly #options: BackOffOptions;
  #failures = 0;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** How long to wait after one more failure, ms. */
  nextMs(): number {
    const { firstMs, maxMs, random } = this.#options;
    const step = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures++, 30));
    return step * (0.5 + random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
