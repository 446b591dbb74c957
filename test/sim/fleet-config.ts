import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DBCS, RECORDINGS } from './expected.ts';

/** Writes a config; JSON is YAML. */
export function writeConfig(folder: string, name: string, config: object): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, JSON.stringify(config, null, 2));
  return path;
}

/** An agent that replays a recording flat out, with its own times. */
export function replayConfig(folder: string, log: string, gateway: object): string {
  const bus = { driver: 'replay', file: join(RECORDINGS, `${log}.log.gz`), speed: 'max', stamp: 'log', dbc: DBCS };
  return writeConfig(folder, `agent-${log}`, {
    unit: log,
    vehicle: `vehicle-${log}`,
    dataDir: join(folder, log),
    gateway,
    // One bus for all interfaces of the log keeps its frames in their order, and batches of 10 s as they are measured.
    buses: [{ ...bus, name: 'can' }],
    batch: { live: '10s', backlog: '10s' },
    log: 'warn',
  });
}
