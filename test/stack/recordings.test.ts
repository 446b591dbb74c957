import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { expectRecording, LOGS, readingsOf, recordingsPresent } from '../sim/expected.ts';
import { replayConfig, writeConfig } from '../sim/fleet-config.ts';
import { Program, runToEnd } from '../sim/process.ts';
import { untilDrained } from '../sim/until-drained.ts';
import { Broker, readTopic } from './broker.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.create(join(mkdtempSync(join(tmpdir(), 'odograph-kafka-')), 'broker'));
  await broker.start();
});
afterAll(() => broker?.stop('SIGKILL'));

interface Rig {
  readonly folder: string;
  readonly gateway: Program;
  readonly address: string;
  readonly topic: string;
}

async function startGateway(ack: 'spool' | 'kafka', topic: string): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-stack-'));
  const kafka = { brokers: [broker.address], topic, statementsTopic: `${topic}.statements` };
  const config = { dataDir: join(folder, 'gateway'), mqtt: [{ port: 0 }], ack, sinks: { kafka }, log: 'warn' };
  const gateway = new Program('gateway/src/main.ts', ['run', '--config', writeConfig(folder, 'gateway', config)]);
  onTestFinished(() => void gateway.stop('SIGKILL'));
  const { mqtt } = await gateway.start<{ mqtt: string[] }>();
  return { folder, gateway, address: mqtt[0], topic };
}

async function replay({ folder, address }: Rig, log: string): Promise<void> {
  const config = replayConfig(folder, log, { address, reconnect: { first: '200ms', max: '2s' } });
  const agent = new Program('agent/src/main.ts', ['run', '--config', config]);
  onTestFinished(() => void agent.stop('SIGKILL'));
  await agent.start();
  await untilDrained(join(folder, log));
  expect(await agent.stop()).toBe(0);
}

/** A stop delivers what it can: what the spool holds after it is delivered by the next start. */
async function untilDelivered({ folder }: Rig): Promise<void> {
  for (;;) {
    const { stdout } = await runToEnd('gateway/src/main.ts', [
      'status',
      '--config',
      join(folder, 'gateway.yaml'),
      '--json',
    ]);
    if ((JSON.parse(stdout) as { spool: { entries: number } }).spool.entries === 0) return;
  }
}

const recordOf = ({ topic }: Rig): Map<string, [number, number][]> =>
  readingsOf(readTopic(broker.address, topic).map(({ value }) => value));

describe.skipIf(!recordingsPresent)(
  'recordings (../shared/recordings), through agent, store, MQTT, gateway and Kafka',
  () => {
    it.each(LOGS.flatMap((log) => (['spool', 'kafka'] as const).map((ack) => ({ log, ack }))))(
      '$log with ack: $ack comes out as it went in',
      async ({ log, ack }) => {
        const rig = await startGateway(ack, `recording-${log}-${ack}`);
        await replay(rig, log);
        await untilDelivered(rig);
        expect(await rig.gateway.stop()).toBe(0);
        expectRecording(log, recordOf(rig));
      },
    );

    it('loses nothing when the broker is killed and comes back while a recording is delivered', async () => {
      const rig = await startGateway('kafka', 'recording-killed');
      const done = replay(rig, 'car-obd2-gps');
      while (readTopicIfThere(rig) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      await broker.stop('SIGKILL');
      await broker.start();
      await done;
      await untilDelivered(rig);
      expect(await rig.gateway.stop()).toBe(0);
      expectRecording('car-obd2-gps', recordOf(rig));
    });
  },
);

function readTopicIfThere({ topic }: Rig): number {
  try {
    return readTopic(broker.address, topic).length;
  } catch {
    return 0;
  }
}
