import { type BatchEvent, encodeBody, type Lane, makeSchema, ROWS_MAX, type Schema } from '@iot/batch';
import { Rows, type TableDef } from '@iot/wire';
import type { NewBatch } from '../ports.ts';

/** Encoded bodies stay below this, so that a batch with header and schema stays below 64 KiB where the schema allows. */
const BODY_BYTES_MAX = 48 * 1024;
/** Values in an open batch, times counted, before it is cut whatever its span: bounds memory (about 8 bytes a value). */
const OPEN_VALUES_MAX = 200_000;
const EVENTS_MAX = 1_000;
/** Definitions in one schema, as JSON, which is longer than its bytes: a schema must stay below 64 KiB. */
const SCHEMA_CHARS_MAX = 48 * 1024;
const SCHEMA_TABLES_MAX = 500;

/** Tables whose definitions share a schema. Most vehicles need one. */
interface Group {
  readonly defs: TableDef[];
  chars: number;
  schema: Schema | undefined;
}

export interface OpenBatchOptions {
  readonly vehicle: string;
  /** 16 bytes; undefined where times are a recording's own. */
  readonly boot: Uint8Array | undefined;
  readonly spanUs: number;
  /** Takes what is cut, as soon as it is. */
  readonly onCut: (batches: readonly NewBatch[]) => void;
}

/**
 * The batch that readings are collected into, until its span is over. Collectors hold the `Rows` of their tables
 * and call `advance` when a row's time is not before `deadlineUs`.
 */
export class OpenBatch {
  /** Capture time at which the batch is to be cut; -Infinity while it is empty. */
  deadlineUs = Number.NEGATIVE_INFINITY;
  spanUs: number;
  /** Capture time at which the latest batch was started; undefined before the first. */
  startedUs: number | undefined;
  readonly #options: OpenBatchOptions;
  readonly #tables = new Map<string, Rows>();
  readonly #journaled = new Map<Rows, number>();
  #events: BatchEvent[] = [];
  #eventsJournaled = 0;
  #lane: Lane = 'live';
  readonly #groups: Group[] = [];

  constructor(options: OpenBatchOptions) {
    this.#options = options;
    this.spanUs = options.spanUs;
  }

  get empty(): boolean {
    return this.deadlineUs === Number.NEGATIVE_INFINITY;
  }

  /** What is open now. */
  tables(): Iterable<Rows> {
    return this.#tables.values();
  }

  /** The rows of a table; the same object for the same (name, bus, source) with the same signals. */
  table(def: TableDef): Rows {
    const key = JSON.stringify([def.name, def.bus, def.source]);
    const known = this.#tables.get(key);
    if (known && JSON.stringify(known.def.signals) === JSON.stringify(def.signals)) return known;
    // Two messages of one name, in two DBC files: the second's table is told apart by a prime.
    if (known) return this.table({ ...def, name: `${def.name}′` });
    const rows = new Rows(def);
    this.#tables.set(key, rows);
    this.#addToGroup(def);
    return rows;
  }

  /** Starts the batch at this capture time, after cutting the one whose span is over. */
  advance(timeUs: number): void {
    if (!this.empty) this.cut();
    this.startedUs = timeUs;
    this.deadlineUs = timeUs + this.spanUs;
  }

  /** An alert takes what is open along, at once: the moments before it are part of it. */
  event(event: BatchEvent, lane: Lane = 'live'): void {
    if (this.empty) this.advance(event.timeUs);
    this.#events.push(event);
    if (lane === 'alert') {
      this.#lane = 'alert';
      this.cut();
    } else if (this.#events.length >= EVENTS_MAX) this.cut();
  }

  /** Cuts where the batch grew too large for its span: call it after each block of frames. */
  cutIfLarge(): void {
    let values = 0;
    for (const rows of this.#tables.values()) values += rows.count * (rows.columns.length + 1);
    if (values >= OPEN_VALUES_MAX) this.cut();
  }

  /** Starts empty, and hands what was open to `onCut`: in this order, since whoever takes it may look here at once. */
  cut(): void {
    const tables = [...this.#tables.values()].filter((rows) => rows.count > 0);
    const events = this.#events;
    const lane = this.#lane;
    const batches = tables.length > 0 || events.length > 0 ? this.#encode(tables, events, lane) : [];
    for (const rows of tables) rows.clear();
    this.#events = [];
    this.#eventsJournaled = 0;
    this.#journaled.clear();
    this.#lane = 'live';
    this.deadlineUs = Number.NEGATIVE_INFINITY;
    if (batches.length > 0) this.#options.onCut(batches);
  }

  /** What came since the last journal or cut, as a batch of its own; cuts instead where that would be too large for one. */
  journal(): NewBatch | undefined {
    const tables: Rows[] = [];
    for (const rows of this.#tables.values()) {
      const from = this.#journaled.get(rows) ?? 0;
      if (rows.count > from) tables.push(rows.slice(from, rows.count));
      this.#journaled.set(rows, rows.count);
    }
    const events = this.#events.slice(this.#eventsJournaled);
    this.#eventsJournaled = this.#events.length;
    if (tables.length === 0 && events.length === 0) return undefined;
    const batches = this.#encode(tables, events, this.#lane);
    if (batches.length === 1) return batches[0];
    this.cut();
    return undefined;
  }

  #addToGroup(def: TableDef): void {
    const chars = JSON.stringify(def).length;
    let group = this.#groups.at(-1);
    if (!group || group.chars + chars > SCHEMA_CHARS_MAX || group.defs.length >= SCHEMA_TABLES_MAX) {
      group = { defs: [], chars: 0, schema: undefined };
      this.#groups.push(group);
    }
    group.defs.push(def);
    group.chars += chars;
    group.schema = undefined;
  }

  /** A batch for each schema that has rows; the events go with the first. */
  #encode(tables: readonly Rows[], events: readonly BatchEvent[], lane: Lane): NewBatch[] {
    if (this.#groups.length === 0) this.#groups.push({ defs: [], chars: 0, schema: undefined });
    let rest = events;
    const batches = this.#groups.flatMap((group) => {
      const defs = new Set(group.defs);
      const own = tables.filter((rows) => defs.has(rows.def));
      if (own.length === 0) return [];
      const encoded = this.#encodeGroup(group, own, rest, lane);
      rest = [];
      return encoded;
    });
    return rest.length > 0 ? [...batches, ...this.#encodeGroup(this.#groups[0], [], rest, lane)] : batches;
  }

  #encodeGroup(group: Group, tables: readonly Rows[], events: readonly BatchEvent[], lane: Lane): NewBatch[] {
    group.schema ??= makeSchema(group.defs);
    const { t0Us, endUs } = boundsOf(tables, events);
    const fits = tables.every((rows) => rows.count <= ROWS_MAX);
    const body = fits ? encodeBody(group.schema, tables, events, t0Us) : undefined;
    const divisible = tables.some((rows) => rows.count > 1) || tables.length + events.length > 1;
    if (!body || (body.bytes.length > BODY_BYTES_MAX && divisible)) {
      const [first, second] = halve(tables, events);
      return [first, second].flatMap((part) => this.#encodeGroup(group, part.tables, part.events, lane));
    }
    const { vehicle, boot } = this.#options;
    return [{ vehicle, lane, schema: group.schema, body, t0Us, endUs, boot }];
  }
}

function boundsOf(tables: readonly Rows[], events: readonly BatchEvent[]): { t0Us: number; endUs: number } {
  let t0Us = Number.POSITIVE_INFINITY;
  let endUs = Number.NEGATIVE_INFINITY;
  for (const { times, count } of tables) {
    for (let row = 0; row < count; row++) {
      if (times[row] < t0Us) t0Us = times[row];
      if (times[row] > endUs) endUs = times[row];
    }
  }
  for (const { timeUs } of events) {
    t0Us = Math.min(t0Us, timeUs);
    endUs = Math.max(endUs, timeUs);
  }
  return { t0Us, endUs };
}

interface Part {
  readonly tables: Rows[];
  readonly events: readonly BatchEvent[];
}

/** Two parts, each with half of every table's rows; where no table has two rows, with half of the tables. */
function halve(tables: readonly Rows[], events: readonly BatchEvent[]): [Part, Part] {
  const half = Math.ceil(events.length / 2);
  const [early, late] = [events.slice(0, half), events.slice(half)];
  if (!tables.some((rows) => rows.count > 1)) {
    const middle = tables.length === 1 ? (events.length > 1 ? 1 : 0) : Math.ceil(tables.length / 2);
    return [
      { tables: tables.slice(0, middle), events: early },
      { tables: tables.slice(middle), events: late },
    ];
  }
  const split = (rows: Rows): number => Math.ceil(rows.count / 2);
  return [
    { tables: tables.map((rows) => rows.slice(0, split(rows))), events: early },
    {
      tables: tables.filter((rows) => rows.count > 1).map((rows) => rows.slice(split(rows), rows.count)),
      events: late,
    },
  ];
}
