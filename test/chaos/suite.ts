import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChaos } from './run.ts';
import { replayCommand } from './soak-options.ts';
import type { WorldOptions } from './world.ts';

/**
 * So many rounds of a seed, as a test: resolves where every promise held.
 * @throws with what did not hold, the programs' last words and the command that runs the same rounds again
 */
export async function expectNothingLost(rounds: number, options: WorldOptions): Promise<void> {
  const { seed, kafka } = options;
  const again = replayCommand(seed, rounds, kafka);
  const folder = mkdtempSync(join(tmpdir(), 'odograph-chaos-'));
  const told: string[] = [];
  console.info(`chaos with seed ${seed}; the same rounds again: ${again}`);
  const { findings, logs } = await runChaos({
    ...options,
    folder,
    more: (done) => done < rounds,
    onRound: (_fault, words) => void told.push(words),
  }).catch((error: Error) => ({ findings: [error.message], logs: '' }));
  if (findings.length > 0) {
    const parts = [
      `seed ${seed}: not held:`,
      ...findings,
      '',
      ...told,
      '',
      logs,
      `files: ${folder}`,
      `again: ${again}`,
    ];
    throw new Error(parts.join('\n'));
  }
  rmSync(folder, { recursive: true, force: true });
}

/** The seed to run: ODOGRAPH_SEED, or a new one each time. */
export function seedOf(environment: NodeJS.ProcessEnv, random: () => number): number {
  const { ODOGRAPH_SEED: given } = environment;
  return given === undefined ? Math.floor(random() * 2 ** 32) : Number(given);
}
