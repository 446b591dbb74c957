import { describe, it } from 'vitest';
import { expectNothingLost, seedOf } from './suite.ts';

const ROUNDS = 12;

describe('agent, link and gateway that fail at random', () => {
  it(
    `${ROUNDS} rounds: every committed reading arrives once, and the ledger has no unexplained number`,
    {
      timeout: 180_000,
    },
    () => expectNothingLost(ROUNDS, { seed: seedOf(process.env, Math.random) }),
  );
});
