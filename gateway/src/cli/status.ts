import type { Command } from '@iot/host';
import { ask } from '../local-socket.ts';
import type { GatewayStatus } from '../probes.ts';
import { configOption, readConfig } from './options.ts';

export const statusCommand: Command = {
  name: 'status',
  summary: 'ask the running gateway how it is',
  usage: '[--config FILE] [--json]',
  options: { config: configOption, json: { type: 'boolean', help: 'one JSON object' } },
  examples: [
    ['odograph-gateway status', 'units, spool and sinks in words'],
    ['odograph-gateway status --json | jq .spool.entries', 'accepted batches that a sink has not taken yet'],
  ],
  async run(values) {
    const { config } = readConfig(values);
    const status = await ask<GatewayStatus>(config.dataDir, { ask: 'status' });
    if (!status) {
      process.stderr.write(`no gateway runs on ${config.dataDir}: start it with \`odograph-gateway run\`\n`);
      return 1;
    }
    process.stdout.write(values.json ? `${JSON.stringify(status, null, 2)}\n` : wordsOf(status));
    return status.reasons.length === 0 ? 0 : 1;
  },
};

const count = (value: number): string => value.toLocaleString('en');

function wordsOf({ gateway, connections, units, spool, sinks, reasons }: GatewayStatus): string {
  const lines = [
    `gateway   ${gateway.slice(0, 8)}: ${count(units)} units on ${count(connections)} connections`,
    `spool     ${count(spool.entries)} batches wait (${count(spool.bytes)} bytes); ${count(spool.deadLetters)} dead letters`,
    ...sinks.map(({ sink, state, detail, entries, oldestAgeMs }) => {
      const behind =
        entries === 0
          ? 'has everything'
          : `${count(entries)} behind, the oldest by ${count(Math.round(oldestAgeMs / 1000))} s`;
      return `sink      ${sink} ${state}: ${behind}${detail ? `: ${detail}` : ''}`;
    }),
    reasons.length === 0 ? 'ready' : `NOT READY: ${reasons.join('; ')}`,
  ];
  return `${lines.join('\n')}\n`;
}
