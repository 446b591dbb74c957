import { describe, expect, it } from 'vitest';
import { type Fault, faultsOf, type Target } from './plan.ts';

const ALL: readonly Target[] = ['link', 'agent', 'gateway', 'broker'];

function first(count: number, seed: number, targets = ALL): Fault[] {
  const faults = faultsOf(seed, targets);
  return Array.from({ length: count }, () => faults.next().value);
}

describe('faultsOf', () => {
  it('gives the same faults for the same seed, and others for another', () => {
    expect(first(50, 7)).toEqual(first(50, 7));
    expect(first(50, 7)).not.toEqual(first(50, 8));
  });

  it('knows every kind of fault, and only targets that are there', () => {
    const kinds = new Set(first(200, 1).map(({ target, how }) => `${target} ${how}`));
    expect([...kinds].sort()).toEqual(['agent kill', 'broker kill', 'gateway kill', 'link reset', 'link silent']);
    expect(first(200, 1, ['link', 'agent']).some(({ target }) => target === 'gateway' || target === 'broker')).toBe(
      false,
    );
  });

  it('lets only programs of ours relapse', () => {
    const relapsed = new Set(
      first(400, 2).flatMap(({ target, relapseMs }) => (relapseMs === undefined ? [] : [target])),
    );
    expect([...relapsed].sort()).toEqual(['agent', 'gateway']);
  });

  it('keeps down-times around a second', () => {
    for (const { downMs, gapMs } of first(200, 3)) {
      expect(downMs).toBeLessThanOrEqual(1_000);
      expect(gapMs).toBeGreaterThanOrEqual(100);
    }
  });
});
