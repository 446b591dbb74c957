import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, createLogger, UsageError } from '@iot/host';
import { systemClock } from '../clock.ts';
import type { GatewayConfig } from '../config.ts';
import { ledgerOf } from '../ledger/units.ts';
import type { EpochView } from '../ledger/view.ts';
import { ask } from '../local-socket.ts';
import { SPOOL_BOUNDS } from '../spool/api.ts';
import { NO_DATA_PLANE_METRICS } from '../spool/metrics.ts';
import { Spool } from '../spool/spool.ts';
import { configOption, readConfig } from './options.ts';

type Views = Readonly<Record<string, readonly EpochView[]>>;

export const ledgerCommand: Command = {
  name: 'ledger',
  summary: 'what arrived of a unit, what is a gap and why, what is missing',
  usage: '[UNIT…] [--config FILE] [--json]',
  options: { config: configOption, json: { type: 'boolean', help: 'one JSON object: epochs by unit, with ranges' } },
  examples: [
    ['odograph-gateway ledger', 'all units, an epoch a line'],
    ['odograph-gateway ledger cab-7 --json', 'accepted ranges, gaps and what was not seen, for programs'],
  ],
  async run(values, units) {
    const { config } = readConfig(values);
    const views = (await ask<Views>(config.dataDir, { ask: 'ledger', units })) ?? (await readStopped(config, units));
    process.stdout.write(values.json ? `${JSON.stringify(views, null, 2)}\n` : wordsOf(views));
    return Object.values(views).every((epochs) => epochs.every(({ missing }) => missing === 0)) ? 0 : 1;
  },
};

/** Where no gateway runs, its file is opened. */
async function readStopped(config: GatewayConfig, units: readonly string[]): Promise<Views> {
  const path = join(config.dataDir, 'spool.db');
  if (!existsSync(path)) {
    throw new UsageError(`${path}: there is no ledger yet; start the gateway once, or name its config with --config`);
  }
  const spool = await Spool.open({
    path,
    sinks: Object.keys(config.sinks).filter((sink) => config.sinks[sink as keyof typeof config.sinks] !== undefined),
    bounds: { ...SPOOL_BOUNDS, ...config.spool },
    clock: systemClock,
    metrics: NO_DATA_PLANE_METRICS,
    log: createLogger('odograph-gateway', 'warn'),
  });
  try {
    return await ledgerOf(spool, units);
  } finally {
    await spool.close();
  }
}

function wordsOf(views: Views): string {
  const units = Object.entries(views);
  if (units.length === 0) return 'no unit has been heard of yet\n';
  return units
    .map(([unit, epochs]) => {
      if (epochs.length === 0) return `${unit}: never heard of here\n`;
      return epochs.map(({ epoch, words }) => `${unit} ${epoch.slice(0, 8)}: ${words}\n`).join('');
    })
    .join('');
}
