import { compileMessage, type DbcMessage, type FrameDecoder, type Matcher } from '@iot/dbc';
import { FRAME_BYTES_MAX, type FrameBlock, Rows, type TableDef } from '@iot/wire';
import type { OpenBatch } from './open-batch.ts';
import { planTable, Sampler, type Sampling } from './sampling.ts';

export interface BusCollectorOptions {
  readonly bus: string;
  readonly matcher: Matcher;
  readonly open: OpenBatch;
  /** The name a signal goes by: its VSS path, or `<Message>.<Signal>`. */
  readonly nameOf: (signal: string) => string;
  /** By that name; undefined where it is not collected. */
  readonly samplingOf: (name: string) => Sampling | undefined;
}

/** Captured rows that a sampling thins out before they become readings. */
interface Thinned {
  readonly scratch: Rows;
  readonly samplers: readonly Sampler[];
}

interface Route {
  readonly decoder: FrameDecoder;
  readonly thinned: readonly Thinned[];
}

/** Decodes a bus's frames into the open batch. Nothing is allocated per frame once an id has been seen. */
export class BusCollector {
  readonly #options: BusCollectorOptions;
  readonly #open: OpenBatch;
  /** By can_id with flags; null where nothing of it is collected. */
  readonly #routes = new Map<number, Route | null>();
  /** By message and source address: ids that differ in priority or destination share a route. */
  readonly #routesByMessage = new Map<DbcMessage, Map<number | undefined, Route | null>>();
  /** Frames that gave at least one table a row or would have, had the sampling wanted it. */
  decoded = 0;

  constructor(options: BusCollectorOptions) {
    this.#options = options;
    this.#open = options.open;
  }

  take(block: FrameBlock): void {
    const { timeUs, id, length, data, count } = block;
    for (let i = 0; i < count; i++) {
      let route = this.#routes.get(id[i]);
      if (route === undefined) route = this.#resolve(id[i]);
      if (route === null) continue;
      const time = timeUs[i];
      if (!(time < this.#open.deadlineUs)) this.#open.advance(time);
      route.decoder.decode(data, i * FRAME_BYTES_MAX, length[i], time);
      this.decoded++;
      if (route.thinned.length > 0) thin(route.thinned);
    }
    this.#open.cutIfLarge();
  }

  #resolve(id: number): Route | null {
    const match = this.#options.matcher.match(id);
    let route: Route | null = null;
    if (match) {
      const bySource = this.#routesByMessage.get(match.message) ?? new Map<number | undefined, Route | null>();
      this.#routesByMessage.set(match.message, bySource);
      const known = bySource.get(match.source);
      route = known === undefined ? this.#makeRoute(match.message, match.source) : known;
      bySource.set(match.source, route);
    }
    this.#routes.set(id, route);
    return route;
  }

  #makeRoute(message: DbcMessage, source: number | undefined): Route | null {
    const { bus, nameOf, samplingOf } = this.#options;
    const compiled = compileMessage(message, {
      names: nameOf,
      select: (signal) => samplingOf(nameOf(signal)) !== undefined,
    });
    if (!compiled) return null;
    const thinned: Thinned[] = [];
    const rows = compiled.tables(bus, source).map((def) => this.#target(def, thinned));
    return { decoder: compiled.createDecoder(rows), thinned };
  }

  /** The rows that a table is decoded into: the open batch's, or a scratch row where a sampling stands between. */
  #target(def: TableDef, thinned: Thinned[]): Rows {
    const plans = planTable(def, (name) => this.#options.samplingOf(name)!);
    if (plans.length === 1 && plans[0].sampling.mode === 'every') return this.#open.table(def);
    const scratch = new Rows(def, 1);
    thinned.push({
      scratch,
      samplers: plans.map((plan) => new Sampler({ ...plan, rows: this.#open.table(plan.def) })),
    });
    return scratch;
  }
}

function thin(thinned: readonly Thinned[]): void {
  for (const { scratch, samplers } of thinned) {
    if (scratch.count === 0) continue;
    for (const sampler of samplers) sampler.take(scratch);
    scratch.clear();
  }
}
