import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, createLogger, listOf, textOf, UsageError, untilSignal } from '@iot/host';
import { startAgent } from '../agent.ts';
import { interfacesOf } from '../collect/log-decoder.ts';
import type { AgentConfig } from '../config.ts';
import { parseAgentConfig } from '../config-file.ts';
import { machineId } from '../machine.ts';
import { createSystemClock } from '../time/system-clock.ts';

export const replayCommand: Command = {
  name: 'replay',
  summary: 'run an agent on a recording, ship what it gives, and end',
  usage: 'LOG --dbc FILE… [--gateway ADDRESS] [--speed N|max]',
  options: {
    dbc: { type: 'string', multiple: true, value: 'FILE', help: 'DBC file; may be given several times' },
    gateway: {
      type: 'string',
      value: 'ADDRESS',
      default: 'mqtt://127.0.0.1:1883',
      help: 'gateway, plain MQTT on this machine',
    },
    unit: { type: 'string', value: 'NAME', default: 'replay', help: 'name of the unit' },
    vehicle: { type: 'string', value: 'NAME', default: 'recording', help: 'name of the vehicle' },
    speed: { type: 'string', value: 'N|max', default: '1', help: 'times its own pace, or max' },
    stamp: {
      type: 'string',
      value: 'log|now',
      default: 'log',
      help: "keep the recording's times, or stamp frames as they are replayed",
    },
    data: {
      type: 'string',
      value: 'DIR',
      help: 'directory of the store; by default a new one below the temporary directory',
    },
    json: { type: 'boolean', help: 'the result as one JSON object' },
  },
  examples: [
    [
      'odograph-agent replay drive.log.gz --dbc car.dbc --speed max',
      'as fast as it goes, to a gateway on this machine',
    ],
    ['odograph-agent replay drive.log --dbc car.dbc --stamp now --vehicle CAB-7', 'as if it drove now'],
  ],
  async run(values, [log, ...rest]) {
    if (log === undefined) throw new UsageError('name the log to replay');
    if (rest.length > 0) throw new UsageError(`one log at a time; '${rest[0]}' is one too many`);
    const config = await configOf(values, log);
    const logger = createLogger('odograph-agent', 'warn');
    const clock = createSystemClock();
    const agent = await startAgent({
      config,
      configFile: resolve('agent.yaml'),
      machineId: machineId(),
      clock,
      random: Math.random,
      log: logger,
    });
    const stopped = untilSignal(async () => {});
    await Promise.race([agent.ended.then(() => agent.drained()), stopped]);
    const status = (await agent.status()) as {
      collected: { readings: number };
      store: { batches: number; kept: number };
    };
    await agent.stop();
    const { collected, store } = status;
    if (values.json)
      process.stdout.write(
        `${JSON.stringify({ readings: collected.readings, delivered: store.kept, waiting: store.batches, data: config.dataDir })}\n`,
      );
    else
      process.stdout.write(
        `${collected.readings.toLocaleString('en')} readings in ${store.kept + store.batches} batches, ${store.kept} delivered; the store is in ${config.dataDir}\n`,
      );
    // Waiting for signals would keep the process.
    process.exit(store.batches === 0 ? 0 : 1);
  },
};

async function configOf(values: Parameters<Command['run']>[0], log: string): Promise<AgentConfig> {
  const speed = textOf(values, 'speed')!;
  const dbc = listOf(values, 'dbc').map((file) => resolve(file));
  const interfaces = await interfacesOf(log);
  if (interfaces.length === 0) throw new UsageError(`${log}: holds no frame: is it candump text?`);
  const bus = {
    driver: 'replay',
    file: resolve(log),
    speed: speed === 'max' ? speed : Number(speed),
    stamp: textOf(values, 'stamp'),
    dbc,
  };
  const wanted = {
    unit: textOf(values, 'unit'),
    vehicle: textOf(values, 'vehicle'),
    dataDir: textOf(values, 'data') ?? mkdtempSync(join(tmpdir(), 'odograph-replay-')),
    gateway: { address: textOf(values, 'gateway') },
    buses: interfaces.map((name) => ({ ...bus, name, interface: name })),
  };
  try {
    return await parseAgentConfig(JSON.stringify(wanted), 'the command line');
  } catch (error) {
    if ((error as { code?: string }).code === 'host/config') throw new UsageError((error as Error).message);
    throw error;
  }
}
