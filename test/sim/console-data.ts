import type {
  ConsoleData,
  ConsoleUpdate,
  EventInfo,
  LatestValue,
  Position,
  Series,
  SignalInfo,
  Track,
  UnitInfo,
} from '@iot/gateway';
import { type SimulatedDrive, simulatedDrive } from './console-signals.ts';
import { BATCH_MS, SimulatedUnit } from './console-unit.ts';

export interface SimulatedFleetOptions {
  readonly seed: number;
  /** Unix ms; the caller's clock. */
  readonly nowMs: () => number;
  /** How long before now the drives began. */
  readonly historyMs?: number;
  /** None makes an empty gateway. */
  readonly vehicles?: number;
  /** How long before now, and for how long, the second vehicle was without a link. */
  readonly outage?: { readonly beforeMs: number; readonly lengthMs: number };
}

interface Member {
  readonly unit: SimulatedUnit;
  readonly drive: SimulatedDrive;
}

const FLEET = [
  { unit: 'unit-0417', vehicle: 'taxi-12', kind: 'car' },
  { unit: 'unit-0533', vehicle: 'truck-7', kind: 'truck' },
  { unit: 'unit-0588', vehicle: 'taxi-31', kind: 'car' },
] as const;

/** A gateway's answers about vehicles that drive through a city: deterministic by seed and clock, advanced by `advance`. */
export interface SimulatedFleet extends ConsoleData {
  /** Brings the fleet to the clock's now and tells subscribers what changed. */
  advance(): void;
  setLink(unit: string, up: boolean): boolean;
  /** What a link control says, which sees the units themselves. */
  links(): { unit: string; up: boolean; depth: { batches: number; bytes: number; oldestMs?: number } }[];
}

export function simulatedFleet(options: SimulatedFleetOptions): SimulatedFleet {
  const { seed, nowMs, historyMs = 1_800_000, vehicles = 2 } = options;
  const startMs = Math.floor((nowMs() - historyMs) / BATCH_MS) * BATCH_MS;
  const listeners = new Set<(update: ConsoleUpdate) => void>();
  const members = FLEET.slice(0, vehicles).map(({ unit, vehicle, kind }, i): Member => {
    const epoch = (seed * 7919 + i * 104_729).toString(16).padStart(8, '0').repeat(4).slice(0, 32);
    return {
      unit: new SimulatedUnit({ unit, vehicle, epoch, startMs, storeBatches: 90 }),
      drive: simulatedDrive(kind, seed + i),
    };
  });
  const memberOf = (vehicle: string): Member | undefined => members.find((member) => member.unit.vehicle === vehicle);
  let steppedMs = startMs;

  function step(): void {
    steppedMs += BATCH_MS;
    const { outage } = options;
    const target = members[1]?.unit;
    if (outage && target) {
      const cutMs = startMs + historyMs - outage.beforeMs;
      if (steppedMs >= cutMs && steppedMs < cutMs + BATCH_MS) target.setLink(false, steppedMs);
      const restoreMs = cutMs + outage.lengthMs;
      if (steppedMs >= restoreMs && steppedMs < restoreMs + BATCH_MS) target.setLink(true, steppedMs);
    }
    for (const member of members) {
      member.unit.step(steppedMs - BATCH_MS);
      if (listeners.size > 0) tell(member);
    }
  }

  function tell({ unit, drive }: Member): void {
    if (!unit.linkUp) return;
    const timeMs = steppedMs;
    const seconds = (timeMs - startMs) / 1000;
    const values = drive.signals.map(
      ({ name, unit: measure, at }): LatestValue => ({ signal: name, unit: measure, timeMs, value: at(seconds) }),
    );
    const position = { timeMs, ...drive.place(seconds) };
    emit({ kind: 'readings', vehicle: unit.vehicle, unit: unit.unit, values, position });
    emit({ kind: 'depth', unit: unit.unit, depth: unit.depth(timeMs) });
    emit({ kind: 'ledger', unit: unit.unit });
  }

  function emit(update: ConsoleUpdate): void {
    for (const listener of listeners) listener(update);
  }

  function advance(): void {
    while (steppedMs + BATCH_MS <= nowMs()) step();
  }

  /** Newest time at or before the present that has arrived. */
  function newestMs({ unit }: Member): number | undefined {
    for (let timeMs = steppedMs - BATCH_MS; timeMs >= startMs; timeMs -= BATCH_MS)
      if (unit.arrived(timeMs)) return timeMs + BATCH_MS - 1000;
    return undefined;
  }

  function positionOf(member: Member): Position | undefined {
    const timeMs = newestMs(member);
    return timeMs === undefined ? undefined : { timeMs, ...member.drive.place((timeMs - startMs) / 1000) };
  }

  function unitInfo({ unit }: Member): UnitInfo {
    return {
      unit: unit.unit,
      vehicle: unit.vehicle,
      connected: unit.linkUp,
      remote: unit.linkUp ? '127.0.0.1:51884' : undefined,
      protocol: 'MQTT 5',
      sinceMs: unit.sinceMs,
      depth: unit.linkUp ? unit.depth(steppedMs) : { batches: 0, bytes: 0, atMs: unit.sinceMs },
      ledger: [unit.ledger()],
    };
  }

  /** Sample times in a span that have arrived, one second apart, with the index of their bucket. */
  function* samples({ unit }: Member, fromMs: number, toMs: number, stepMs: number): Generator<[number, number]> {
    const first = Math.max(startMs, Math.ceil(fromMs / 1000) * 1000);
    for (let timeMs = first; timeMs <= Math.min(toMs, steppedMs); timeMs += 1000)
      if (unit.arrived(timeMs)) yield [timeMs, Math.floor((timeMs - fromMs) / stepMs)];
  }

  return {
    advance,
    links: () =>
      members.map(({ unit }) => {
        const { batches, bytes, oldestMs } = unit.depth(steppedMs);
        return { unit: unit.unit, up: unit.linkUp, depth: { batches, bytes, oldestMs } };
      }),
    setLink(name, up) {
      const member = members.find(({ unit }) => unit.unit === name);
      if (member === undefined) return false;
      member.unit.setLink(up, nowMs());
      emit({ kind: 'link', unit: name, connected: up, detail: up ? 'connected' : 'connection lost' });
      emit({ kind: 'ledger', unit: name });
      return true;
    },
    async vehicles() {
      return members.map((member) => ({
        vehicle: member.unit.vehicle,
        unit: member.unit.unit,
        lastSeenMs: member.unit.lastAcceptedMs,
        lastReadingMs: newestMs(member),
        position: positionOf(member),
      }));
    },
    async signals(vehicle) {
      const member = memberOf(vehicle);
      const timeMs = member && newestMs(member);
      if (member === undefined || timeMs === undefined) return undefined;
      return member.drive.signals.map(({ name, unit, at }): SignalInfo => {
        const value = at((timeMs - startMs) / 1000);
        return { name, unit, numeric: typeof value === 'number', latest: { timeMs, value } };
      });
    },
    async series(vehicle, signal, fromMs, toMs, points) {
      const member = memberOf(vehicle);
      const source = member?.drive.signals.find(({ name }) => name === signal);
      if (member === undefined || source === undefined) return undefined;
      const stepMs = Math.max(1000, (toMs - fromMs) / points);
      const series = { unit: source.unit, stepMs: stepMs > 1000 ? stepMs : 0 };
      const columns: Record<'timesMs' | 'min' | 'mean' | 'max', number[]> = { timesMs: [], min: [], mean: [], max: [] };
      let bucket = -1;
      let count = 0;
      for (const [timeMs, index] of samples(member, fromMs, toMs, stepMs)) {
        const value = source.at((timeMs - startMs) / 1000);
        if (typeof value !== 'number') continue;
        if (index !== bucket) {
          columns.timesMs.push(timeMs);
          for (const key of ['min', 'mean', 'max'] as const) columns[key].push(value);
          bucket = index;
          count = 1;
          continue;
        }
        const at = columns.timesMs.length - 1;
        columns.min[at] = Math.min(columns.min[at], value);
        columns.max[at] = Math.max(columns.max[at], value);
        columns.mean[at] += (value - columns.mean[at]) / ++count;
      }
      return { ...series, ...columns } satisfies Series;
    },
    async track(vehicle, fromMs, toMs, points) {
      const member = memberOf(vehicle);
      if (member === undefined) return undefined;
      const stepMs = Math.max(1000, (toMs - fromMs) / points);
      const track: Record<keyof Track, number[]> = { timesMs: [], latitudes: [], longitudes: [] };
      let bucket = -1;
      for (const [timeMs, index] of samples(member, fromMs, toMs, stepMs)) {
        if (index === bucket) continue;
        bucket = index;
        const { latitude, longitude } = member.drive.place((timeMs - startMs) / 1000);
        track.timesMs.push(timeMs);
        track.latitudes.push(latitude);
        track.longitudes.push(longitude);
      }
      return track;
    },
    async events(vehicle, fromMs, toMs, limit) {
      const member = memberOf(vehicle);
      const within = (event: EventInfo): boolean => event.timeMs >= fromMs && event.timeMs <= toMs;
      return member?.unit.events.filter(within).reverse().slice(0, limit);
    },
    units: async () => members.map(unitInfo),
    async unit(name) {
      const member = members.find(({ unit }) => unit.unit === name);
      return member && unitInfo(member);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
