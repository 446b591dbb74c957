import { setTimeout as sleep } from 'node:timers/promises';
import { findings } from './check.ts';
import { COMMIT_MS } from './configs.ts';
import type { Evidence } from './evidence.ts';
import { type Fault, faultsOf, type Target, wordsOf } from './plan.ts';
import { World, type WorldOptions } from './world.ts';

/** What the machine may add to the commit interval: its disk's fsync, and two cores that everything shares. */
const COMMIT_GRACE_MS = 2_000;

export interface ChaosOptions extends WorldOptions {
  readonly folder: string;
  /** Whether another round begins, given how many were. */
  readonly more: (rounds: number) => boolean;
  readonly onRound: (fault: Fault, words: string) => void;
}

export interface ChaosReport {
  readonly rounds: number;
  readonly batches: number;
  readonly counts: number;
  readonly agentKills: number;
  /** What did not hold, in words. */
  readonly findings: readonly string[];
  /** The programs' newest log lines. */
  readonly logs: string;
}

/** Lets a world suffer the faults of its seed, heals and drains it, and judges. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const world = await World.open(options.folder, options);
  try {
    const rounds = await suffer(world, options);
    const evidence = await world.finish();
    const found = findings(evidence, { lostSpanMsMax: COMMIT_MS + COMMIT_GRACE_MS });
    return { rounds, ...figuresOf(evidence), findings: found, logs: world.logs };
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${world.logs}`, { cause: error });
  } finally {
    await world.close();
  }
}

/** Faults of different targets overlap; a target that is still down is waited for. Resolves when all are back. */
async function suffer(world: World, { seed, more, onRound }: ChaosOptions): Promise<number> {
  const busy = new Map<Target, Promise<void>>();
  let rounds = 0;
  for (const fault of faultsOf(seed, world.targets)) {
    if (!more(rounds)) break;
    await busy.get(fault.target);
    onRound(fault, wordsOf(fault));
    const back = world.suffer(fault);
    // It is awaited below; until then a failure must not end this process.
    back.catch(() => {});
    busy.set(fault.target, back);
    rounds++;
    await sleep(fault.gapMs);
  }
  await Promise.all(busy.values());
  return rounds;
}

function figuresOf({ final, sentAtEnd, kills }: Evidence) {
  return { batches: final.batches.length, counts: sentAtEnd, agentKills: kills.length };
}
