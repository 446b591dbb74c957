import type { ConsoleData, Depth, UnitInfo, VehicleInfo } from './data.ts';
import type { DepthLog } from './depth-log.ts';
import { HttpError } from './errors.ts';
import { summarizeLedger } from './ledger-view.ts';
import type { LinkControl, LinkState } from './links.ts';
import { eventsQuery, parseParams, seriesQuery, trackQuery } from './params.ts';

const SEGMENTS_MAX = 512;

export interface ApiParts {
  readonly data: ConsoleData;
  readonly depths: DepthLog;
  readonly links: LinkControl | undefined;
  readonly page: { readonly title: string; readonly tileUrl?: string };
  readonly nowMs: () => number;
}

export type Query = Readonly<Record<string, string>>;
type Answer = (parts: ApiParts, name: string, query: Query) => Promise<object>;

/** GET routes below /api/v1: a fixed path, or a collection, a name and perhaps a leaf. */
export const answers: Readonly<Record<string, Answer>> = {
  config: async ({ page, links }) => ({ ...page, linkControl: links !== undefined }),
  vehicles: listVehicles,
  'vehicles/:name/signals': async ({ data }, vehicle) => found(await data.signals(vehicle), 'vehicle', vehicle),
  'vehicles/:name/series': async ({ data }, vehicle, query) => {
    const { signal, from, to, points } = parseParams(seriesQuery, query);
    return found(await data.series(vehicle, signal, from, to, points), 'vehicle or signal', `${vehicle} / ${signal}`);
  },
  'vehicles/:name/track': async ({ data }, vehicle, query) => {
    const { from, to, points } = parseParams(trackQuery, query);
    return found(await data.track(vehicle, from, to, points), 'vehicle', vehicle);
  },
  'vehicles/:name/events': async ({ data }, vehicle, query) => {
    const { from, to, limit } = parseParams(eventsQuery, query);
    return found(await data.events(vehicle, from, to, limit), 'vehicle', vehicle);
  },
  units: async ({ data }) => (await data.units()).map(unitAnswer),
  'units/:name': async ({ data, depths }, name) => {
    const unit = found(await data.unit(name), 'unit', name);
    return { ...unitAnswer(unit), depth: newestDepth(unit, depths), depths: depths.of(name) };
  },
  'units/:name/ledger': async ({ data }, unit) => ledgerAnswer(found(await data.unit(unit), 'unit', unit)),
  'units/:name/depth': async ({ data, depths }, unit) => {
    found(await data.unit(unit), 'unit', unit);
    return depths.of(unit);
  },
  links: async ({ links }) => requireLinks(links).links(),
};

function found<T>(value: T | undefined, what: string, name: string): T {
  if (value !== undefined) return value;
  throw new HttpError(
    404,
    'unknown',
    `nothing was ever reported of ${what} \`${name}\`: GET /api/v1/vehicles and /units list what is known`,
  );
}

export function requireLinks(links: LinkControl | undefined): LinkControl {
  if (links !== undefined) return links;
  throw new HttpError(
    404,
    'no-link-control',
    'this gateway switches no links: set console.linkControl to the address of a link control',
  );
}

function ledgerAnswer(unit: UnitInfo): object[] {
  return unit.ledger.map((view) => {
    const summary = summarizeLedger(view);
    // Newest last: a page draws a few hundred at most, the counts and the words speak of all.
    return { ...summary, segments: summary.segments.slice(-SEGMENTS_MAX) };
  });
}

function unitAnswer(unit: UnitInfo): object {
  return { ...unit, ledger: ledgerAnswer(unit) };
}

/** A link control may know the depth of a unit that cannot tell the gateway. */
function newestDepth(unit: UnitInfo | undefined, depths: DepthLog): Depth | undefined {
  const logged = unit && depths.newest(unit.unit);
  const told = unit?.depth;
  return logged !== undefined && (told === undefined || logged.atMs > told.atMs) ? logged : told;
}

async function listVehicles({ data, depths, links, nowMs }: ApiParts): Promise<object> {
  // A demo's link control that is away must not take the list with it: the switches go, and say why.
  let switches: readonly LinkState[] = [];
  let linkError: string | undefined;
  try {
    switches = (await links?.links()) ?? [];
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    linkError = error.message;
  }
  const [vehicles, units] = await Promise.all([data.vehicles(), data.units()]);
  const unitOf = new Map(units.map((unit) => [unit.unit, unit]));
  const switchOf = new Map(switches.map(({ unit, up }) => [unit, up]));
  const list = vehicles.map((vehicle) => {
    const unit = unitOf.get(vehicle.unit);
    return { ...vehicleAnswer(vehicle, unit, switchOf, linkError), depth: newestDepth(unit, depths) };
  });
  return { nowMs: nowMs(), vehicles: list };
}

function vehicleAnswer(
  vehicle: VehicleInfo,
  unit: UnitInfo | undefined,
  switchOf: ReadonlyMap<string, boolean>,
  linkError: string | undefined,
): object {
  const up = switchOf.get(vehicle.unit);
  return {
    ...vehicle,
    online: unit?.connected ?? false,
    sinceMs: unit?.sinceMs,
    link: { controllable: up !== undefined, up: up ?? unit?.connected ?? false, error: linkError },
  };
}
