import type { GatewayConfig } from './config.ts';
import type { PlainAnswer } from './console/index.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Clock, Sink } from './ports.ts';
import type { Spool } from './spool/spool.ts';

export interface ProbeParts {
  readonly config: GatewayConfig;
  readonly spool: Spool;
  readonly sinks: readonly Sink[];
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly state: () => { readonly connections: number; readonly units: number };
}

/** What a probe or a person wants to know of a running gateway. */
export interface GatewayStatus {
  readonly gateway: string;
  readonly connections: number;
  readonly units: number;
  readonly spool: { readonly entries: number; readonly bytes: number; readonly deadLetters: number };
  readonly sinks: readonly {
    readonly sink: string;
    readonly state: string;
    readonly detail?: string;
    readonly entries: number;
    readonly oldestAgeMs: number;
  }[];
  /** Why the gateway is not ready; empty where it is. */
  readonly reasons: readonly string[];
}

/** /healthz, /readyz, /metrics, and the status that `odograph-gateway status` shows. */
export function createProbes({ config, spool, sinks, metrics, clock, state }: ProbeParts) {
  const status = async (): Promise<GatewayStatus> => {
    const { entries, bytes, deadLetters, sinks: owed } = await spool.status();
    const nowMs = clock.nowMs();
    const found = sinks.map((sink) => {
      const { entries: count = 0, oldestMs } = owed.find((one) => one.sink === sink.name) ?? {};
      return {
        sink: sink.name,
        ...sink.health(),
        entries: count,
        oldestAgeMs: oldestMs === undefined ? 0 : nowMs - oldestMs,
      };
    });
    const ageMsMax = config.ready.undeliveredAgeMax;
    const reasons = found
      .filter(({ oldestAgeMs }) => oldestAgeMs > ageMsMax)
      .map(
        ({ sink, oldestAgeMs }) =>
          `the oldest batch that ${sink} has not taken is ${Math.round(oldestAgeMs / 1000)} s old`,
      );
    return { gateway: spool.gateway, ...state(), spool: { entries, bytes, deadLetters }, sinks: found, reasons };
  };
  const json = (httpStatus: number, body: object): PlainAnswer => ({
    status: httpStatus,
    type: 'application/json',
    body: `${JSON.stringify(body)}\n`,
  });
  const paths: Record<string, () => Promise<PlainAnswer>> = {
    '/healthz': async () => json(200, { ok: true }),
    '/readyz': async () => {
      const { reasons } = await status();
      return json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    },
    '/metrics': async () => {
      const body = await metrics.text(await spool.status(), clock.nowMs());
      return { status: 200, type: metrics.contentType, body };
    },
  };
  return { status, paths };
}
