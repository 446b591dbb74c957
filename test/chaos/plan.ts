import { seededRandom } from '../sim/route.ts';

/** What can fail. */
export type Target = 'link' | 'agent' | 'gateway' | 'broker';

/** `reset` and `silent` are cuts of the link; `kill` is SIGKILL, and a start again. */
export interface Fault {
  readonly round: number;
  readonly target: Target;
  readonly how: 'reset' | 'silent' | 'kill';
  /** How long it stays cut or down. */
  readonly downMs: number;
  /** Agent and gateway: where given, killed once more so long after the start, ready or not. */
  readonly relapseMs?: number;
  /** From the begin of this fault to the next: where it is shorter than `downMs`, the two overlap. */
  readonly gapMs: number;
}

/** Shares of the targets: a broker takes seconds to come back, and would otherwise be down most of the time. */
const WEIGHTS: Readonly<Record<Target, number>> = { link: 4, agent: 4, gateway: 4, broker: 1 };

const DOWN_MS = { min: 50, max: 1_000 };
/** Some follow at once, most leave time to connect again: a cut means most where batches are under way. */
const GAP_MS = { min: 100, max: 3_000 };
/** About as long as a start takes, so that some fall into it. */
const RELAPSE_MS = { min: 0, max: 1_200 };
const RELAPSE_SHARE = 0.25;

/** The faults of a seed, without end. The same seed and targets give the same faults. */
export function* faultsOf(seed: number, targets: readonly Target[]): Generator<Fault, never> {
  const random = seededRandom(seed);
  const between = ({ min, max }: { min: number; max: number }): number => Math.round(min + random() * (max - min));
  for (let round = 1; ; round++) {
    const target = pick(targets, random());
    const cut = random() < 0.5 ? 'reset' : 'silent';
    const relapses = random() < RELAPSE_SHARE && (target === 'agent' || target === 'gateway');
    const relapseMs = between(RELAPSE_MS);
    yield {
      round,
      target,
      how: target === 'link' ? cut : 'kill',
      downMs: between(DOWN_MS),
      gapMs: between(GAP_MS),
      ...(relapses && { relapseMs }),
    };
  }
}

/** The target that `share` of the summed weights, 0 to below 1, falls on. */
function pick(targets: readonly Target[], share: number): Target {
  let rest = share * targets.reduce((sum, target) => sum + WEIGHTS[target], 0);
  for (const target of targets) {
    rest -= WEIGHTS[target];
    if (rest < 0) return target;
  }
  return targets[targets.length - 1];
}

export function wordsOf({ round, target, how, downMs, relapseMs }: Fault): string {
  const what = how === 'kill' ? `${target} killed` : `link cut (${how})`;
  const relapse = relapseMs === undefined ? '' : `, killed again ${relapseMs} ms after its start`;
  return `round ${round}: ${what}, back after ${downMs} ms${relapse}`;
}
