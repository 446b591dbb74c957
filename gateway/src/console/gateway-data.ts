import type { DecodedBatch } from '@iot/batch';
import type { Rows } from '@iot/wire';
import type { LiveUpdates } from '../accept/live.ts';
import type { EpochView } from '../ledger/view.ts';
import type { Clock, LiveUpdate } from '../ports.ts';
import type { Sessions } from '../sessions.ts';
import type { HistoryQueries } from '../sinks/history/api.ts';
import { positionsOf } from '../sinks/history/positions.ts';
import { isClocked } from '../sinks/history/readings.ts';
import type { Spool } from '../spool/spool.ts';
import type { ConsoleData, ConsoleUpdate, EventInfo, LatestValue, UnitInfo } from './data.ts';

export interface GatewayDataParts {
  /** Undefined where the gateway keeps no history: then there is no vehicle to show. */
  readonly history: HistoryQueries | undefined;
  readonly spool: Pick<Spool, 'ledger' | 'units'>;
  readonly sessions: Sessions;
  readonly live: LiveUpdates;
  readonly clock: Clock;
}

/** What the console asks, answered from history, ledger, sessions and live updates. */
export function createGatewayData({ history, spool, sessions, live, clock }: GatewayDataParts): ConsoleData {
  const unitOf = async (unit: string): Promise<UnitInfo | undefined> => {
    const views = await spool.ledger(unit);
    const session = sessions.of(unit);
    if (views.length === 0 && !session) return undefined;
    return { unit, connected: false, ...session, ...statedOf(views), ledger: views };
  };
  return {
    vehicles: async () => history?.vehicles() ?? [],
    signals: async (vehicle) => history?.signals(vehicle),
    series: async (...args) => history?.series(...args),
    track: async (...args) => history?.track(...args),
    events: async (...args) => history?.events(...args),
    async units() {
      const names = new Set([...(await spool.units()).map(({ unit }) => unit), ...sessions.units()]);
      const units = await Promise.all([...names].sort().map(unitOf));
      return units.filter((unit) => unit !== undefined);
    },
    unit: unitOf,
    subscribe: (listener) =>
      live.subscribe((update) => {
        const told = updateOf(update, clock);
        if (told) listener(told);
      }),
  };
}

function statedOf(views: readonly EpochView[]): Pick<UnitInfo, 'vehicle' | 'depth'> {
  const view = views.find((one) => one.stated !== undefined);
  if (!view?.stated || view.statedMs === undefined) return { vehicle: views[0]?.vehicles.at(-1) };
  const { depth, vehicle } = view.stated;
  const oldestMs = depth.oldestUs === undefined ? undefined : depth.oldestUs / 1000;
  return { vehicle, depth: { batches: depth.batches, bytes: depth.bytes, oldestMs, atMs: view.statedMs } };
}

function updateOf(update: LiveUpdate, clock: Clock): ConsoleUpdate | undefined {
  switch (update.kind) {
    case 'link':
      return { kind: 'link', unit: update.unit, connected: update.up, detail: update.detail };
    case 'ledger':
      return update;
    case 'depth': {
      const { batches, bytes, oldestUs } = update.depth;
      const oldestMs = oldestUs === undefined ? undefined : oldestUs / 1000;
      return { kind: 'depth', unit: update.unit, depth: { batches, bytes, oldestMs, atMs: clock.nowMs() } };
    }
    case 'batch':
      return readingsOf(update.unit, update.vehicle, update.batch);
  }
}

/** Only what is newest is live: a batch of the backlog changes the history, not the present. */
function readingsOf(unit: string, vehicle: string, batch: DecodedBatch): ConsoleUpdate | undefined {
  if (batch.head.lane === 'backlog' || !isClocked(batch)) return undefined;
  const values = batch.tables.flatMap(latestOf);
  const events: EventInfo[] = batch.events.map(({ timeUs, name, attributes }) => ({
    timeMs: timeUs / 1000,
    name,
    attributes,
  }));
  return { kind: 'readings', unit, vehicle, values, position: positionsOf(batch).at(-1), events };
}

/** The last value of each signal of a table. */
function latestOf(rows: Rows): LatestValue[] {
  return rows.def.signals.flatMap(({ name, unit, type }, column) => {
    for (let row = rows.count - 1; row >= 0; row--) {
      const isText = type === 'text' && !rows.columns[column].qualityRows.includes(row);
      const value = isText ? (rows.columns[column].values[row] as string) : rows.physical(row, column);
      // As in the history: what is no finite number is no reading.
      if (value !== undefined && (typeof value === 'string' || Number.isFinite(value)))
        return [{ signal: name, unit, timeMs: rows.times[row] / 1000, value }];
    }
    return [];
  });
}
