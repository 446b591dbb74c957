/** State in one place: views say which fields they show and are called once per change, after all fields are set. */
export class Store<S extends object> {
  #state: S;
  readonly #views: { readonly fields: readonly (keyof S)[]; readonly show: (state: S) => void }[] = [];

  constructor(initial: S) {
    this.#state = initial;
  }

  get state(): Readonly<S> {
    return this.#state;
  }

  set(change: Partial<S>): void {
    const changed = (Object.keys(change) as (keyof S)[]).filter((field) => change[field] !== this.#state[field]);
    if (changed.length === 0) return;
    this.#state = { ...this.#state, ...change };
    for (const { fields, show } of this.#views) if (fields.some((field) => changed.includes(field))) show(this.#state);
  }

  /** Shows now, and whenever one of `fields` changes. */
  view(fields: readonly (keyof S)[], show: (state: S) => void): void {
    this.#views.push({ fields, show });
    show(this.#state);
  }
}
