import type { Config, Signal, SpanMs, Track, Unit, Vehicle, VehicleEvent } from './api.ts';
import { SIGNALS_MAX, type View } from './hash.ts';
import type { Store } from './store.ts';

export interface Latest {
  readonly timeMs: number;
  readonly value: number | string;
}

export interface PageState {
  readonly config: Config | undefined;
  /** Undefined until the first answer. */
  readonly vehicles: readonly Vehicle[] | undefined;
  readonly view: View;
  /** Of the selected vehicle; undefined while they load. */
  readonly signals: readonly Signal[] | undefined;
  readonly latest: ReadonlyMap<string, Latest>;
  readonly unit: Unit | undefined;
  readonly events: readonly VehicleEvent[] | undefined;
  readonly tracks: ReadonlyMap<string, Track>;
  readonly connection: 'connecting' | 'live' | 'lost';
  /** What went wrong with loading, for the person in front of the page. */
  readonly problem: string | undefined;
  /** Time that the pointer is at in a plot. */
  readonly cursorMs: number | undefined;
  /** Gateway's clock less this browser's. */
  readonly clockOffsetMs: number;
  /** Counts seconds, for ages and the live span. */
  readonly tick: number;
}

export type PageStore = Store<PageState>;

export function gatewayNow(state: PageState): number {
  return Date.now() + state.clockOffsetMs;
}

export function selectedVehicle(state: PageState): Vehicle | undefined {
  return state.vehicles?.find(({ vehicle }) => vehicle === state.view.vehicle);
}

const RECORDED_AFTER_MS = 600_000;

/** Whether a vehicle's readings carry another time than the gateway's: a recording that is replayed, or a clock that is wrong. */
export function isRecorded(vehicle: Vehicle | undefined): boolean {
  if (vehicle?.lastReadingMs === undefined || vehicle.lastSeenMs === undefined) return false;
  return Math.abs(vehicle.lastSeenMs - vehicle.lastReadingMs) > RECORDED_AFTER_MS;
}

/** The span in view. A live one ends now, or with the newest reading of a recording. */
export function spanInView(state: PageState): SpanMs {
  const { span } = state.view;
  if ('from' in span) return span;
  const vehicle = selectedVehicle(state);
  const to = isRecorded(vehicle) ? vehicle!.lastReadingMs! : gatewayNow(state);
  return { from: to - span.liveMs, to };
}

const FIRST_CHOICE = /speed|rpm/i;

/** Signals to plot: those in the address, else two that most people look for. */
export function plottedSignals(state: PageState): readonly string[] {
  if (state.view.signals !== undefined) return state.view.signals.slice(0, SIGNALS_MAX);
  const numeric = (state.signals ?? []).filter((signal) => signal.numeric).map(({ name }) => name);
  // The shortest name is the vehicle's own: `Vehicle.Speed` before the speeds of its parts.
  const wanted = numeric.filter((name) => FIRST_CHOICE.test(name)).sort((a, b) => a.length - b.length);
  return (wanted.length > 0 ? wanted : numeric).slice(0, 2);
}
