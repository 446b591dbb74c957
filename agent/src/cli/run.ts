import { type Command, createLogger, exitWhenFailed, textOf, untilSignal } from '@iot/host';
import { startAgent } from '../agent.ts';
import { loadAgentConfig } from '../config-file.ts';
import { machineId } from '../machine.ts';
import { createSystemClock } from '../time/system-clock.ts';

export const runCommand: Command = {
  name: 'run',
  summary: 'run the agent until it is told to stop',
  usage: '[--config FILE]',
  options: {
    config: { type: 'string', short: 'c', value: 'FILE', default: '/etc/odograph/agent.yaml', help: 'config file' },
    json: { type: 'boolean', help: 'accepted for uniformity: the log is JSON in any case' },
  },
  examples: [
    ['odograph-agent run', 'with /etc/odograph/agent.yaml, as the service does'],
    ['odograph-agent run --config agent.yaml 2> agent.log', 'the log goes to standard error, a line of JSON each'],
  ],
  async run(values) {
    const configFile = textOf(values, 'config')!;
    const config = await loadAgentConfig(configFile);
    const log = createLogger('odograph-agent', config.log);
    const clock = createSystemClock();
    const agent = await startAgent({ config, configFile, machineId: machineId(), clock, random: Math.random, log });
    exitWhenFailed(agent.failed, log);
    process.stdout.write(`${JSON.stringify({ ready: true, unit: config.unit, vehicle: config.vehicle })}\n`);
    agent.ended.then(
      () => log.info('every recording is at its end; the agent stays to deliver'),
      (error: unknown) => log.error(error, 'a recording cannot be read any further'),
    );
    await untilSignal(async (signal) => {
      log.info({ signal }, 'stopping');
      await agent.stop();
    });
    return 0;
  },
};
