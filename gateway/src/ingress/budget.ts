/** Bytes that all connections share. Pure bookkeeping: who is stopped when it is used up is the owner's matter. */
export class Budget {
  readonly bytesMax: number;
  readonly #onChange: (exhausted: boolean) => void;
  #used = 0;
  #exhausted = false;

  /** `onChange` hears when the budget is used up, and when it has fallen to three quarters again. */
  constructor(bytesMax: number, onChange: (exhausted: boolean) => void = () => {}) {
    this.bytesMax = bytesMax;
    this.#onChange = onChange;
  }

  get used(): number {
    return this.#used;
  }

  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Takes bytes whether they are there or not: for what is in memory already. */
  take(bytes: number): void {
    this.#used += bytes;
    if (this.#exhausted || this.#used < this.bytesMax) return;
    this.#exhausted = true;
    this.#onChange(true);
  }

  /** Takes bytes only where they are there: for memory that is about to be allocated. */
  tryTake(bytes: number): boolean {
    if (this.#used + bytes > this.bytesMax) return false;
    this.#used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    if (!this.#exhausted || this.#used > this.bytesMax * 0.75) return;
    this.#exhausted = false;
    this.#onChange(false);
  }
}
