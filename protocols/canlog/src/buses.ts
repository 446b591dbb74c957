import type { Fault, Line } from './line.ts';
import { SPACE } from './line.ts';

/** Linux's IFNAMSIZ without its terminator. */
const NAME_BYTES_MAX = 15;
const BUSES_MAX = 64;
const FIRST_PRINTABLE = 0x21;
const LAST_PRINTABLE = 0x7e;

export interface Bus {
  readonly name: string;
  /** The name's bytes and the blank behind it. */
  readonly bytes: Uint8Array;
  /** Whether the reader was asked for its frames. */
  readonly wanted: boolean;
}

/** The buses seen in a log, so that a name becomes a string once and not on every line. */
export class BusNames {
  /** What the last `read` found. */
  current: Bus | undefined;
  readonly #known: Bus[] = [];
  readonly #wanted: ReadonlySet<string> | undefined;

  constructor(wanted: readonly string[] | undefined) {
    this.#wanted = wanted && new Set(wanted);
  }

  /** Reads the name at the cursor and the blank behind it. */
  read(line: Line): Fault | undefined {
    if (this.current && startsWith(line, this.current.bytes)) {
      line.at += this.current.bytes.length;
      return undefined;
    }
    const length = nameLength(line);
    if (length === 0 || length > NAME_BYTES_MAX || line.bytes[line.at + length] !== SPACE) return 'bad-bus';
    let bus = this.#known.find((candidate) => startsWith(line, candidate.bytes));
    if (!bus) {
      if (this.#known.length === BUSES_MAX) return 'too-many-buses';
      bus = this.#add(line.bytes.slice(line.at, line.at + length + 1));
    }
    this.current = bus;
    line.at += length + 1;
    return undefined;
  }

  #add(bytes: Uint8Array): Bus {
    const name = String.fromCharCode(...bytes.subarray(0, -1));
    const bus = { name, bytes, wanted: this.#wanted?.has(name) ?? true };
    this.#known.push(bus);
    return bus;
  }
}

function startsWith(line: Line, prefix: Uint8Array): boolean {
  const { bytes, at } = line;
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

function nameLength(line: Line): number {
  const { bytes, at } = line;
  let end = at;
  while (bytes[end] >= FIRST_PRINTABLE && bytes[end] <= LAST_PRINTABLE) end++;
  return end - at;
}
