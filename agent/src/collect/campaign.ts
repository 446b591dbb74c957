import type { Sampling } from './sampling.ts';

/** One rule of a campaign: how the signals it names are collected. */
export interface CollectRule {
  /** Signal name with `*` for any characters: `gnss_imu.*`, `Vehicle.Speed`. */
  readonly signals: string;
  /** `undefined`: not collected. */
  readonly sampling: Sampling | undefined;
}

/** What a unit collects. The first rule that matches a signal holds; signals that none matches are collected from every frame. */
export interface Campaign {
  readonly rules: readonly CollectRule[];
}

const EVERY: Sampling = { mode: 'every' };

/** Compiles the rules once. The function gives a signal's sampling, or undefined where it is not collected. */
export function compileCampaign({ rules }: Campaign): (signal: string) => Sampling | undefined {
  const compiled = rules.map(({ signals, sampling }) => ({ pattern: globPattern(signals), sampling }));
  return (signal) => {
    const rule = compiled.find(({ pattern }) => pattern.test(signal));
    return rule ? rule.sampling : EVERY;
  };
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`);
}
