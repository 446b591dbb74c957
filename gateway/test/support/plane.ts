import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@iot/host';
import { onTestFinished } from 'vitest';
import { type AcceptorOptions, BatchAcceptor } from '../../src/accept/acceptor.ts';
import { LiveUpdates } from '../../src/accept/live.ts';
import { SPOOL_BOUNDS, type SpoolBounds } from '../../src/spool/api.ts';
import { NO_DATA_PLANE_METRICS } from '../../src/spool/metrics.ts';
import { Spool } from '../../src/spool/spool.ts';
import { SPEED } from './batches.ts';
import { ManualClock } from './clock.ts';

export const silent = createLogger('test', 'silent');

/** A directory that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'odograph-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface PlaneOptions {
  readonly path?: string;
  readonly sinks?: readonly string[];
  readonly bounds?: Partial<SpoolBounds>;
  readonly withheld?: AcceptorOptions['withheld'];
  readonly queueBytesMax?: number;
}

/** A spool in a worker and an acceptor over it, closed with the test. */
export async function openPlane(options: PlaneOptions = {}) {
  const clock = new ManualClock();
  const path = options.path ?? join(temporaryDirectory(), 'spool.sqlite');
  const spool = await Spool.open({
    path,
    sinks: options.sinks ?? ['history'],
    bounds: { ...SPOOL_BOUNDS, freeBytesMin: 0, ...options.bounds },
    clock,
    metrics: NO_DATA_PLANE_METRICS,
    log: silent,
    queueBytesMax: options.queueBytesMax,
  });
  let closed = false;
  const close = async () => {
    if (!closed) await spool.close();
    closed = true;
  };
  onTestFinished(close);
  const live = new LiveUpdates(silent);
  const { withheld } = options;
  const acceptor = new BatchAcceptor({
    store: spool,
    live,
    clock,
    metrics: NO_DATA_PLANE_METRICS,
    log: silent,
    withheld,
  });
  const learn = () => acceptor.accept('schema', 'unit-1', SPEED.bytes);
  return { clock, path, spool, live, acceptor, learn, close };
}
