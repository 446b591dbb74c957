import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Broker } from '../stack/broker.ts';
import { type ChaosReport, runChaos } from './run.ts';
import { readOptions, replayCommand, type SoakOptions } from './soak-options.ts';

const FOLDER = resolve(import.meta.dirname, '../../.cache/soak');

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function soak(options: SoakOptions, broker: Broker | undefined): Promise<number> {
  const { seed, minutes, rounds, ack } = options;
  const kafka = broker && { broker, topic: 'soak', ack };
  const startedMs = performance.now();
  const elapsed = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1).padStart(7)} s`;
  let begun = 0;
  say(`soak of ${rounds === undefined ? `${minutes} minutes` : `${rounds} rounds`} with seed ${seed}`);
  try {
    const report = await runChaos({
      seed,
      folder: join(FOLDER, 'world'),
      ...(kafka && { kafka }),
      more: (done) => (rounds === undefined ? performance.now() - startedMs < minutes * 60_000 : done < rounds),
      onRound: (fault, words) => {
        begun = fault.round;
        say(`${elapsed()}  ${words}`);
      },
    });
    return tell(report, elapsed(), replayCommand(seed, begun, kafka));
  } catch (error) {
    say(`${(error as Error).message}\n\nThe same rounds again: ${replayCommand(seed, Math.max(1, begun), kafka)}`);
    return 1;
  }
}

function tell({ rounds, batches, counts, agentKills, findings, logs }: ChaosReport, at: string, again: string): number {
  say(
    `${at}  healed and drained: ${batches} batches of ${counts} counted frames, ${rounds} rounds, ${agentKills} agents killed`,
  );
  if (findings.length === 0) {
    say('Every committed reading arrived once; the ledger has no unexplained number.');
    return 0;
  }
  say(`\n${findings.map((finding) => `NOT HELD  ${finding}`).join('\n')}\n\n${logs}`);
  say(`\nFiles: ${FOLDER}\nThe same rounds again: ${again}`);
  return 1;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), Math.random);
  if (!options) return 0;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const broker = options.kafka ? await Broker.create(join(FOLDER, 'broker')) : undefined;
  try {
    await broker?.start();
    const status = await soak(options, broker);
    if (status === 0 && !options.keep) rmSync(FOLDER, { recursive: true, force: true });
    return status;
  } finally {
    await broker?.stop('SIGKILL');
  }
}

process.exitCode = await main();
