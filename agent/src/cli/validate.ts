import { type Command, textOf } from '@iot/host';
import { agentConfigSchema, loadAgentConfig } from '../config-file.ts';
import { readDbc, resolveFrom } from '../files.ts';
import { tellProblem } from './decode.ts';

export const validateCommand: Command = {
  name: 'validate',
  summary: 'check a config file and the files it names',
  usage: '[--config FILE] [--json]',
  options: {
    config: { type: 'string', short: 'c', value: 'FILE', default: '/etc/odograph/agent.yaml', help: 'config file' },
    schema: { type: 'boolean', help: 'print the JSON Schema of config files instead' },
    json: { type: 'boolean', help: 'print the config as it will be used, defaults filled in' },
  },
  examples: [
    ['odograph-agent validate --config agent.yaml', 'says what is wrong, by key and line'],
    ['odograph-agent validate --schema > agent.schema.json', 'for completion in an editor'],
  ],
  async run(values) {
    if (values.schema) {
      process.stdout.write(`${JSON.stringify(await agentConfigSchema(), null, 2)}\n`);
      return 0;
    }
    const file = textOf(values, 'config')!;
    const config = await loadAgentConfig(file);
    for (const bus of config.buses) for (const dbc of bus.dbc) readDbc(resolveFrom(file, dbc), tellProblem);
    if (values.json) process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    else
      process.stdout.write(
        `${file}: good: unit ${config.unit} in ${config.vehicle}, ${config.buses.length} buses, ${config.gnss.length} receivers\n`,
      );
    return 0;
  },
};
