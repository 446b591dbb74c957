import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, createLogger, UsageError } from '@iot/host';
import { systemClock } from '../clock.ts';
import type { EpochView } from '../ledger/view.ts';
import { SPOOL_BOUNDS } from '../spool/api.ts';
import { NO_DATA_PLANE_METRICS } from '../spool/metrics.ts';
import { Spool } from '../spool/spool.ts';
import { configOption, readConfig } from './options.ts';

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
    const path = join(config.dataDir, 'spool.db');
    if (!existsSync(path))
      throw new UsageError(`${path}: there is no ledger yet; start the gateway once, or name its config with --config`);
    const spool = await Spool.open({
      path,
      sinks: Object.keys(config.sinks).filter((sink) => config.sinks[sink as keyof typeof config.sinks] !== undefined),
      bounds: { ...SPOOL_BOUNDS, ...config.spool },
      clock: systemClock,
      metrics: NO_DATA_PLANE_METRICS,
      log: createLogger('odograph-gateway', 'warn'),
    });
    try {
      const wanted = units.length > 0 ? units : (await spool.units()).map(({ unit }) => unit);
      const views = await Promise.all(wanted.map(async (unit) => [unit, await spool.ledger(unit)] as const));
      process.stdout.write(values.json ? `${JSON.stringify(Object.fromEntries(views), null, 2)}\n` : wordsOf(views));
      return views.every(([, epochs]) => epochs.every(({ missing }) => missing === 0)) ? 0 : 1;
    } finally {
      await spool.close();
    }
  },
};

function wordsOf(views: readonly (readonly [string, readonly EpochView[]])[]): string {
  if (views.length === 0) return 'no unit has been heard of yet\n';
  return views
    .map(([unit, epochs]) => {
      if (epochs.length === 0) return `${unit}: never heard of here\n`;
      return epochs.map(({ epoch, words }) => `${unit} ${epoch.slice(0, 8)}: ${words}\n`).join('');
    })
    .join('');
}
