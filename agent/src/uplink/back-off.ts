/** Delays that double from `firstMs` to `maxMs`, each with up to half of it taken off at random, so that a fleet does not come back at once. */
export class BackOff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempt = 0;

  constructor(firstMs: number, maxMs: number, random: () => number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  next(): number {
    const fullMs = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 30);
    return Math.round(fullMs * (1 - this.#random() / 2));
  }

  reset(): void {
    this.#attempt = 0;
  }
}
