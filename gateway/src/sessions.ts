/** A unit's connection, or the end of its last one. */
export interface SessionInfo {
  readonly connected: boolean;
  readonly remote?: string;
  readonly protocol?: string;
  /** Gateway clock, Unix ms. */
  readonly sinceMs: number;
}

/** Units that were heard of since the start; beyond it those that went first are forgotten. */
const UNITS_MAX = 100_000;

/** Who is connected, and since when. In memory: a start knows of nobody. */
export class Sessions {
  readonly #nowMs: () => number;
  readonly #units = new Map<string, SessionInfo>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  up(unit: string, { protocol, remote }: { readonly protocol: string; readonly remote: string }): void {
    this.#set(unit, { connected: true, protocol, remote, sinceMs: this.#nowMs() });
  }

  down(unit: string): void {
    this.#set(unit, { connected: false, sinceMs: this.#nowMs() });
  }

  of(unit: string): SessionInfo | undefined {
    return this.#units.get(unit);
  }

  units(): Iterable<string> {
    return this.#units.keys();
  }

  #set(unit: string, info: SessionInfo): void {
    this.#units.delete(unit);
    if (this.#units.size >= UNITS_MAX) this.#units.delete(this.#units.keys().next().value as string);
    this.#units.set(unit, info);
  }
}
