import type { MessageKind } from '../ports.ts';
import { NOT_AUTHORIZED, TOPIC_NAME_INVALID } from './reasons.ts';

/** A unit's name is a level of a topic, a client id and a certificate's common name, so it is plain. */
const UNIT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const KINDS: readonly MessageKind[] = ['batch', 'schema', 'statement'];

export function isUnitName(text: string): boolean {
  return UNIT.test(text);
}

export function controlTopic(unit: string): string {
  return `odograph/1/${unit}/control`;
}

/** Where a publish leads: to the acceptor as `kind`, or to a refusal with `code`. */
export type Destination =
  | { readonly kind: MessageKind; readonly code?: undefined }
  | { readonly kind?: undefined; readonly code: number; readonly reason: string };

/** The topics that one unit may publish on, `odograph/1/<unit>/<kind>`, found without parsing. */
export class UnitTopics {
  readonly #unit: string;
  readonly #own: ReadonlyMap<string, Destination>;

  constructor(unit: string) {
    this.#unit = unit;
    this.#own = new Map(KINDS.map((kind) => [`odograph/1/${unit}/${kind}`, { kind }]));
  }

  destination(topic: string): Destination {
    return this.#own.get(topic) ?? this.#refusal(topic);
  }

  #refusal(topic: string): Destination {
    const [root, version, unit, kind, ...rest] = topic.split('/', 6);
    const known = root === 'odograph' && version === '1' && rest.length === 0 && KINDS.includes(kind as MessageKind);
    if (known && unit !== this.#unit)
      return { code: NOT_AUTHORIZED, reason: `unit ${this.#unit} may publish only as itself` };
    return {
      code: TOPIC_NAME_INVALID,
      reason: `publish on odograph/1/${this.#unit}/batch, …/schema or …/statement`,
    };
  }
}
