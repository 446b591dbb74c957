/** How to close what has been opened so far: in a start that fails half-way as in a stop. */
export class Opened {
  readonly #closers: (() => unknown)[] = [];

  /** Notes how the part that was opened just now is closed. */
  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  /**
   * Closes what was added last first, one after the other. A part that does not close keeps none before it open.
   * @throws AggregateError with what each said that did not close
   */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not every part of the gateway could be closed');
  }
}
