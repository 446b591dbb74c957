import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

export const UNIT = 'unit-1';
/** The agent's group commit: what a kill may cost. */
export const COMMIT_MS = 80;

export interface KafkaPlace {
  /** HOST:PORT */
  readonly address: string;
  readonly topic: string;
  /** When the gateway acknowledges. */
  readonly ack: 'spool' | 'kafka';
}

/** Everything quick, so that many rounds fit into a minute, and a store so large that nothing is evicted. */
export function writeAgentConfig(folder: string, linkPort: number, busPath: string, dbcFile: string): string {
  return write(folder, 'agent.yaml', {
    unit: UNIT,
    vehicle: 'CHAOS-1',
    dataDir: join(folder, 'agent'),
    gateway: {
      address: `mqtt://127.0.0.1:${linkPort}`,
      keepAlive: '2s',
      reconnect: { first: '50ms', max: '500ms' },
    },
    buses: [{ name: 'counter', driver: 'virtual', path: busPath, dbc: [dbcFile] }],
    batch: { live: '200ms', backlog: '400ms', demoteAfter: '5s' },
    store: { bytesMax: '64GiB', commit: `${COMMIT_MS}ms` },
    time: { system: 'trust' },
    statement: '2s',
  });
}

export function writeGatewayConfig(folder: string, port: number, kafka: KafkaPlace | undefined): string {
  return write(folder, 'gateway.yaml', {
    dataDir: join(folder, 'gateway'),
    mqtt: [{ host: '127.0.0.1', port }],
    ...(kafka && { ack: kafka.ack }),
    sinks: {
      history: { retain: '365d', bytesMax: '64GiB' },
      ...(kafka && {
        kafka: {
          brokers: [kafka.address],
          topic: kafka.topic,
          statementsTopic: `${kafka.topic}.statements`,
        },
      }),
    },
    stopGrace: '2s',
  });
}

function write(folder: string, name: string, config: object): string {
  const path = join(folder, name);
  writeFileSync(path, stringify(config));
  return path;
}
