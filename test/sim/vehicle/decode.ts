import { readFileSync } from 'node:fs';
import { compileMessage, createMatcher, type FrameDecoder, parseDbc } from '@iot/dbc';
import { FRAME_BYTES_MAX, type FrameBlock, Rows } from '@iot/wire';
import type { BusDescription } from '../../demo/vehicles/names.ts';

/** Decodes a simulated bus with its DBC files, as a check of the simulation's own encoders. */
export class BusDecoder {
  readonly #description: BusDescription;
  readonly #matcher;
  readonly #decoders = new Map<number, FrameDecoder | undefined>();
  readonly #rows: Rows[] = [];
  /** Frames of ids that no message matches. */
  unknown = 0;

  constructor(description: BusDescription) {
    this.#description = description;
    const databases = description.dbc.map((file) => {
      const { database, problems } = parseDbc(readFileSync(file, 'utf8'), file);
      if (problems.length > 0) throw new Error(problems.map((problem) => JSON.stringify(problem)).join('\n'));
      return database;
    });
    this.#matcher = createMatcher(databases);
  }

  receive(block: FrameBlock): void {
    for (let i = 0; i < block.count; i++) {
      if (!this.#decoders.has(block.id[i])) this.#decoders.set(block.id[i], this.#decoderOf(block.id[i]));
      const decoder = this.#decoders.get(block.id[i]);
      if (decoder) decoder.decode(block.data, i * FRAME_BYTES_MAX, block.length[i], block.timeUs[i]);
      else this.unknown++;
    }
  }

  /** Physical values of a signal, by the name it goes by; undefined where the frame has an indicator instead. */
  values(signal: string): (number | undefined)[] {
    const { rows, at } = this.#find(signal);
    return Array.from({ length: rows.count }, (_, row) => rows.physical(row, at));
  }

  /** Times of a signal's values, µs. */
  times(signal: string): number[] {
    const { rows } = this.#find(signal);
    return [...rows.times.subarray(0, rows.count)];
  }

  get signals(): string[] {
    return this.#rows.flatMap(({ def }) => def.signals.map(({ name }) => name));
  }

  #find(signal: string): { rows: Rows; at: number } {
    for (const rows of this.#rows) {
      const at = rows.def.signals.findIndex(({ name }) => name === signal);
      if (at >= 0) return { rows, at };
    }
    throw new Error(`no frame had the signal ${signal}; there are ${this.signals.join(', ')}`);
  }

  #decoderOf(id: number): FrameDecoder | undefined {
    const match = this.#matcher.match(id);
    const names = (name: string): string => this.#description.names[name] ?? name;
    const compiled = match && compileMessage(match.message, { names });
    if (!compiled) return undefined;
    const rows = compiled.tables('can0', match.source).map((def) => new Rows(def));
    this.#rows.push(...rows);
    return compiled.createDecoder(rows);
  }
}
