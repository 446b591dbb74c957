import { type Command, textOf } from '@iot/host';
import { loadAgentConfig } from '../config-file.ts';
import { askStatus } from '../status.ts';

interface Status {
  readonly unit: string;
  readonly vehicle: string;
  readonly link: { readonly up: boolean; readonly detail: string };
  readonly store: {
    readonly epoch: string;
    readonly batches: number;
    readonly bytes: number;
    readonly kept: number;
    readonly fileBytes: number;
  };
  readonly collected: { readonly readings: number; readonly droppedReadings: number };
  readonly buses: readonly {
    readonly name: string;
    readonly state: string;
    readonly received: number;
    readonly decoded: number;
    readonly overflowed: number;
    readonly transmitted: number;
    readonly detail?: string;
  }[];
  readonly receivers: readonly {
    readonly name: string;
    readonly state: string;
    readonly fixes: number;
    readonly detail?: string;
  }[];
  readonly clock: { readonly source: string; readonly uncertaintyUs?: number };
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'ask the running agent how it is',
  usage: '[--config FILE] [--json]',
  options: {
    config: {
      type: 'string',
      short: 'c',
      value: 'FILE',
      default: '/etc/odograph/agent.yaml',
      help: 'config file of the agent',
    },
    json: { type: 'boolean', help: 'one JSON object' },
  },
  examples: [
    ['odograph-agent status', 'link, store, buses, receivers and clock in words'],
    ['odograph-agent status --json | jq .store.batches', 'batches that no gateway has accepted yet'],
  ],
  async run(values) {
    const { dataDir } = await loadAgentConfig(textOf(values, 'config')!);
    const status = (await askStatus(dataDir)) as Status | undefined;
    if (!status) {
      process.stderr.write(
        `no agent runs on ${dataDir}: start it with \`odograph-agent run\` or \`systemctl start odograph-agent\`\n`,
      );
      return 1;
    }
    process.stdout.write(values.json ? `${JSON.stringify(status, null, 2)}\n` : wordsOf(status));
    return 0;
  },
};

const count = (value: number): string => value.toLocaleString('en');

function wordsOf({ unit, vehicle, link, store, collected, buses, receivers, clock }: Status): string {
  const lines = [
    `unit      ${unit} in ${vehicle}`,
    `link      ${link.up ? 'up' : 'DOWN'}: ${link.detail}`,
    `store     ${count(store.batches)} batches wait (${count(store.bytes)} bytes), ${count(store.kept)} delivered are kept; file ${count(store.fileBytes)} bytes; epoch ${store.epoch.slice(0, 8)}`,
    `collected ${count(collected.readings)} readings${collected.droppedReadings > 0 ? `, ${count(collected.droppedReadings)} DROPPED` : ''}`,
    ...buses.map(
      (bus) =>
        `bus       ${bus.name} ${bus.state}: ${count(bus.received)} frames, ${count(bus.decoded)} decoded, ${count(bus.overflowed)} lost before us, ${count(bus.transmitted)} sent${bus.detail ? `: ${bus.detail}` : ''}`,
    ),
    ...receivers.map(
      (one) => `receiver  ${one.name} ${one.state}: ${count(one.fixes)} fixes${one.detail ? `: ${one.detail}` : ''}`,
    ),
    `clock     ${clock.source}${clock.uncertaintyUs === undefined ? '' : `, within ${clock.uncertaintyUs / 1000} ms`}`,
  ];
  return `${lines.join('\n')}\n`;
}
