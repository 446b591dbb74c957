import { join } from 'node:path';
import { createLogger } from '@iot/host';
import { BatchAcceptor } from '../../src/accept/acceptor.ts';
import { LiveUpdates } from '../../src/accept/live.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { Clock } from '../../src/ports.ts';
import { HistorySink } from '../../src/sinks/history/history.ts';
import { SPOOL_BOUNDS } from '../../src/spool/api.ts';
import { NO_DATA_PLANE_METRICS } from '../../src/spool/metrics.ts';
import { Spool } from '../../src/spool/spool.ts';

const clock: Clock = {
  nowMs: () => Date.now(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

export interface DataPlane {
  readonly spool: Spool;
  readonly acceptor: BatchAcceptor;
  readonly delivery: Delivery;
  readonly history: HistorySink;
  close(): Promise<void>;
}

/** All of a gateway between ingress and history, on the files of a directory. */
export async function openDataPlane(directory: string): Promise<DataPlane> {
  const log = createLogger('test', 'silent');
  const metrics = NO_DATA_PLANE_METRICS;
  const path = join(directory, 'history.db');
  const history = await HistorySink.open({ path, retainMs: 1e10, bytesMax: 1e10, clock, log });
  const bounds = { ...SPOOL_BOUNDS, freeBytesMin: 0 };
  const sinks = [history.name];
  const spool = await Spool.open({ path: join(directory, 'spool.db'), sinks, bounds, clock, metrics, log });
  const acceptor = new BatchAcceptor({ store: spool, live: new LiveUpdates(log), clock, metrics, log });
  const delivery = new Delivery({ sinks: [history], spool, clock, random: () => 0.5, metrics, log });
  return {
    spool,
    acceptor,
    delivery,
    history,
    async close() {
      acceptor.stop();
      await delivery.stop();
      await spool.close();
      await history.close();
    },
  };
}
