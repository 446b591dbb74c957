import { hexOf, type Statement } from '@iot/batch';
import type { Sink, SpoolEntry } from '../../src/ports.ts';

/** A sink in memory that can be away, and tells when it was given something. */
export class MemorySink implements Sink {
  readonly name: string;
  /** Every delivery, repeats included. */
  readonly groups: (readonly SpoolEntry[])[] = [];
  readonly statements: Statement[] = [];
  away = false;
  attempts = 0;
  #changed: (() => void)[] = [];

  constructor(name = 'history') {
    this.name = name;
  }

  async deliver(entries: readonly SpoolEntry[]): Promise<void> {
    this.attempts++;
    try {
      if (this.away) throw new Error(`${this.name} is away`);
      this.groups.push(entries);
    } finally {
      this.#tell();
    }
  }

  async deliverStatement(_unit: string, statement: Statement): Promise<void> {
    if (this.away) throw new Error(`${this.name} is away`);
    this.statements.push(statement);
    this.#tell();
  }

  health() {
    return { state: this.away ? 'down' : 'up' } as const;
  }

  async close(): Promise<void> {}

  /** `epoch/seq`, a repeat once. */
  get identities(): Set<string> {
    return new Set(this.groups.flat().map(({ head }) => `${hexOf(head.epoch)}/${head.seq}`));
  }

  get seqs(): number[] {
    return this.groups.flat().map(({ head }) => head.seq);
  }

  /** Resolves once `condition` holds; looked at after every delivery. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

/** Lets what is ready run, until `condition` holds. */
export async function settle(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
