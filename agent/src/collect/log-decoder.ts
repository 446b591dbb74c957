import { createCandumpReader } from '@iot/canlog';
import { compileMessage, createMatcher, type Dbc, type FrameDecoder } from '@iot/dbc';
import { type DecodeError, FRAME_BYTES_MAX, type FrameBlock, Rows } from '@iot/wire';
import { readLog } from './log-reader.ts';

export interface LogDecoderOptions {
  readonly databases: readonly Dbc[];
  /** One captured row at a time, in the order of the log. The rows are used again: be done with them on return. */
  readonly onRow: (rows: Rows) => void;
  readonly onDamage: (error: DecodeError) => void;
}

export interface LogCounts {
  frames: number;
  /** Frames of messages that the databases know. */
  decoded: number;
  damagedLines: number;
}

interface Route {
  readonly decoder: FrameDecoder;
  readonly tables: readonly Rows[];
}

/** Decodes a candump log, plain or gzipped, by DBC. J1939 messages match by PGN at any source address. */
export async function decodeLog(file: string, options: LogDecoderOptions): Promise<LogCounts> {
  const matcher = createMatcher(options.databases);
  const counts: LogCounts = { frames: 0, decoded: 0, damagedLines: 0 };
  const routesByBus = new Map<string, Map<number, Route | null>>();

  const routeOf = (routes: Map<number, Route | null>, bus: string, id: number): Route | null => {
    let route = routes.get(id);
    if (route === undefined) {
      route = makeRoute(matcher, bus, id);
      routes.set(id, route);
    }
    return route;
  };

  const onFrames = (block: FrameBlock, bus: string): void => {
    const routes = routesByBus.get(bus) ?? new Map<number, Route | null>();
    routesByBus.set(bus, routes);
    for (let i = 0; i < block.count; i++) {
      const route = routeOf(routes, bus, block.id[i]);
      if (!route) continue;
      counts.decoded++;
      route.decoder.decode(block.data, i * FRAME_BYTES_MAX, block.length[i], block.timeUs[i]);
      for (const rows of route.tables) {
        if (rows.count === 0) continue;
        options.onRow(rows);
        rows.clear();
      }
    }
  };

  const reader = createCandumpReader({ onFrames, onDamage: options.onDamage });
  await readLog(file, (bytes) => reader.receive(bytes));
  reader.finish();
  counts.frames = reader.counts.frames;
  counts.damagedLines = reader.counts.damaged;
  return counts;
}

function makeRoute(matcher: ReturnType<typeof createMatcher>, bus: string, id: number): Route | null {
  const match = matcher.match(id);
  const compiled = match && compileMessage(match.message);
  if (!compiled) return null;
  const tables = compiled.tables(bus, match.source).map((def) => new Rows(def, 1));
  return { decoder: compiled.createDecoder(tables), tables };
}

/** The interfaces that a log has frames of, in the order of their first. */
export async function interfacesOf(file: string): Promise<readonly string[]> {
  const names = new Set<string>();
  const reader = createCandumpReader({ onFrames: (_block, bus) => names.add(bus) });
  await readLog(file, (bytes) => reader.receive(bytes));
  reader.finish();
  return [...names];
}
