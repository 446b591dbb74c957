import { type Command, createLogger, exitWhenFailed, untilSignal } from '@iot/host';
import { systemClock } from '../clock.ts';
import { startGateway } from '../gateway.ts';
import { configOption, readConfig } from './options.ts';

export const runCommand: Command = {
  name: 'run',
  summary: 'run the gateway until it is told to stop',
  usage: '[--config FILE]',
  options: {
    config: configOption,
    json: { type: 'boolean', help: 'accepted for uniformity: what is printed is JSON in any case' },
  },
  examples: [
    ['odograph-gateway run', 'with /etc/odograph/gateway.yaml, as the service does'],
    [
      'odograph-gateway run --config gateway.yaml 2> gateway.log',
      'prints one line of JSON when it listens; the log goes to standard error',
    ],
  ],
  async run(values) {
    const { file, config } = readConfig(values);
    const log = createLogger('odograph-gateway', config.log);
    const gateway = await startGateway({ config, configFile: file, clock: systemClock, random: Math.random, log });
    exitWhenFailed(gateway.failed, log);
    const { mqtt, console: page } = gateway.addresses;
    process.stdout.write(`${JSON.stringify({ ready: true, gateway: gateway.id, mqtt, console: page })}\n`);
    await untilSignal(async (signal) => {
      log.info({ signal }, 'stopping: what is under way is answered first');
      await gateway.stop();
    });
    return 0;
  },
};
