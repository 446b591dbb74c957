import type { SpanMs } from './api.ts';

/** What of the page is kept in its address, so that it can be shared and reloaded. */
export interface View {
  readonly vehicle: string | undefined;
  /** Undefined: the page chooses. */
  readonly signals: readonly string[] | undefined;
  /** A length up to the present, or a fixed span. */
  readonly span: { readonly liveMs: number } | SpanMs;
}

export const SPANS: readonly { readonly label: string; readonly name: string; readonly ms: number }[] = [
  { label: '5 min', name: '5m', ms: 300_000 },
  { label: '15 min', name: '15m', ms: 900_000 },
  { label: '1 h', name: '1h', ms: 3_600_000 },
  { label: '6 h', name: '6h', ms: 21_600_000 },
  { label: '24 h', name: '24h', ms: 86_400_000 },
  { label: '7 d', name: '7d', ms: 604_800_000 },
];

export const SIGNALS_MAX = 6;
const DEFAULT_SPAN = SPANS[1];

export function encodeView(view: View): string {
  const params = new URLSearchParams();
  if (view.vehicle !== undefined) params.set('vehicle', view.vehicle);
  for (const signal of view.signals ?? []) params.append('signal', signal);
  if (view.signals?.length === 0) params.set('signal', '');
  const { span } = view;
  if ('liveMs' in span) params.set('span', SPANS.find(({ ms }) => ms === span.liveMs)?.name ?? DEFAULT_SPAN.name);
  else {
    params.set('from', new Date(span.from).toISOString());
    params.set('to', new Date(span.to).toISOString());
  }
  return `#${params}`;
}

/** Reads an address that anyone may have edited: what makes no sense is left to the defaults. */
export function decodeView(hash: string): View {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const from = Date.parse(params.get('from') ?? '');
  const to = Date.parse(params.get('to') ?? '');
  const live = SPANS.find(({ name }) => name === params.get('span')) ?? DEFAULT_SPAN;
  const signals = params.has('signal')
    ? [...new Set(params.getAll('signal').filter((name) => name !== ''))].slice(0, SIGNALS_MAX)
    : undefined;
  return {
    vehicle: params.get('vehicle') ?? undefined,
    signals,
    span: from < to ? { from, to } : { liveMs: live.ms },
  };
}
