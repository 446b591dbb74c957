/** The gateway's answers, as /api/v1 gives them. Times are Unix ms. */

export interface Config {
  readonly title: string;
  readonly tileUrl?: string;
  readonly linkControl: boolean;
}

export interface Position {
  readonly timeMs: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly heading?: number;
}

export interface Depth {
  readonly batches: number;
  readonly bytes: number;
  readonly oldestMs?: number;
  readonly atMs: number;
}

export interface Link {
  readonly controllable: boolean;
  readonly up: boolean;
  readonly error?: string;
}

export interface Vehicle {
  readonly vehicle: string;
  readonly unit: string;
  readonly online: boolean;
  readonly sinceMs?: number;
  readonly lastSeenMs?: number;
  readonly lastReadingMs?: number;
  readonly position?: Position;
  readonly depth?: Depth;
  readonly link: Link;
}

export interface Signal {
  readonly name: string;
  readonly unit: string;
  readonly numeric: boolean;
  readonly latest?: { readonly timeMs: number; readonly value: number | string };
}

export interface Series {
  readonly unit: string;
  readonly stepMs: number;
  readonly timesMs: readonly number[];
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly max: readonly number[];
}

export interface Track {
  readonly timesMs: readonly number[];
  readonly latitudes: readonly number[];
  readonly longitudes: readonly number[];
}

export interface VehicleEvent {
  readonly timeMs: number;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>;
}

/** `not-seen`: some of these are missing and some on the way, and nobody can say which. */
export type SegmentState = 'accepted' | 'elsewhere' | 'on-the-way' | 'gap' | 'missing' | 'not-seen';

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly state: SegmentState;
  readonly reason?: string;
  readonly detail?: string;
}

export interface Ledger {
  readonly epoch: string;
  readonly nextSeq: number;
  readonly statedMs?: number;
  readonly segments: readonly Segment[];
  readonly counts: Readonly<Record<Exclude<SegmentState, 'not-seen'>, number>>;
  readonly closedBy?: string;
  readonly completeTo: number;
  readonly words: string;
}

export interface DepthSample {
  readonly timeMs: number;
  readonly batches: number;
  readonly bytes: number;
}

export interface Unit {
  readonly unit: string;
  readonly vehicle?: string;
  readonly connected: boolean;
  readonly remote?: string;
  readonly protocol?: string;
  readonly sinceMs?: number;
  readonly depth?: Depth;
  readonly depths: readonly DepthSample[];
  readonly ledger: readonly Ledger[];
}

export interface Reading {
  readonly vehicle: string;
  readonly unit: string;
  readonly position?: Position;
  /** Only of the vehicle that the stream was opened for. */
  readonly values?: readonly {
    readonly signal: string;
    readonly unit: string;
    readonly timeMs: number;
    readonly value: number | string;
  }[];
  readonly events?: readonly VehicleEvent[];
}

/** Why a request failed, in words for the person in front of the page. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, init);
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    throw new ApiError(0, 'The gateway does not answer. Check that it runs and that this machine reaches it.');
  }
  const body = (await response.json().catch(() => undefined)) as { error?: { message: string } } | undefined;
  if (response.ok && body !== undefined) return body as T;
  throw new ApiError(
    response.status,
    body?.error?.message ?? `The gateway answered ${response.status}. Its log says why.`,
  );
}

const of = (vehicle: string): string => `vehicles/${encodeURIComponent(vehicle)}`;

export interface SpanMs {
  readonly from: number;
  readonly to: number;
}

function query(span: SpanMs, more: Readonly<Record<string, string>> = {}): string {
  return new URLSearchParams({ from: `${Math.round(span.from)}`, to: `${Math.round(span.to)}`, ...more }).toString();
}

export const api = {
  config: () => request<Config>('config'),
  vehicles: () => request<{ nowMs: number; vehicles: readonly Vehicle[] }>('vehicles'),
  signals: (vehicle: string) => request<readonly Signal[]>(`${of(vehicle)}/signals`),
  unit: (unit: string) => request<Unit>(`units/${encodeURIComponent(unit)}`),
  series: (vehicle: string, signal: string, span: SpanMs, points: number, abort: AbortSignal) =>
    request<Series>(`${of(vehicle)}/series?${query(span, { signal, points: `${points}` })}`, { signal: abort }),
  track: (vehicle: string, span: SpanMs, points: number) =>
    request<Track>(`${of(vehicle)}/track?${query(span, { points: `${points}` })}`),
  events: (vehicle: string, span: SpanMs) =>
    request<readonly VehicleEvent[]>(`${of(vehicle)}/events?${query(span, { limit: '200' })}`),
  setLink: (unit: string, up: boolean) =>
    request<{ up: boolean }>(`links/${encodeURIComponent(unit)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ up }),
    }),
};
