import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../src/spool/group-commit.ts';
import { NO_DATA_PLANE_METRICS } from '../../src/spool/metrics.ts';
import type { Outcome, Write } from '../../src/spool/writes.ts';
import { ManualClock } from '../support/clock.ts';
import { settle } from '../support/sinks.ts';

const dead = (detail: string, size = 10): Write => ({
  kind: 'dead-letter',
  unit: 'unit-1',
  message: 'batch',
  detail,
  bytes: new Uint8Array(size),
  atMs: 0,
});
const nameOf = (write: Write): string => (write.kind === 'dead-letter' ? write.detail : write.kind);

/** A group commit whose commits end when they are told to. */
function openGroup(bounds: { readonly commitBytesMax?: number; readonly queueBytesMax?: number } = {}) {
  const commits: { names: string[]; end: (error?: Error) => void }[] = [];
  const group = new GroupCommit({
    commit: (writes) =>
      new Promise<Outcome[]>((resolve, reject) => {
        const end = (error?: Error): void => (error ? reject(error) : resolve(writes.map(() => 'stored')));
        commits.push({ names: writes.map(nameOf), end });
      }),
    commitBytesMax: 1e6,
    queueBytesMax: 1e6,
    clock: new ManualClock(),
    metrics: NO_DATA_PLANE_METRICS,
    ...bounds,
  });
  return { group, commits };
}

describe('a group commit', () => {
  it('takes all that arrived while the one before it ran, in order', async () => {
    const { group, commits } = openGroup();
    const first = group.write(dead('a'));
    await settle(() => commits.length === 1);
    const rest = ['b', 'c', 'd'].map((name) => group.write(dead(name)));
    commits[0].end();
    expect(await first).toBe('stored');
    await settle(() => commits.length === 2);
    expect(commits.map(({ names }) => names)).toEqual([['a'], ['b', 'c', 'd']]);
    commits[1].end();
    expect(await Promise.all(rest)).toEqual(['stored', 'stored', 'stored']);
    await group.idle();
    expect(group.queuedBytes).toBe(0);
  });

  it('is no larger than its bound, unless one write is', async () => {
    const { group, commits } = openGroup({ commitBytesMax: 1_000 });
    for (const [name, size] of [
      ['a', 300],
      ['b', 300],
      ['c', 5_000],
      ['d', 1],
    ] as const)
      void group.write(dead(name, size));
    for (let n = 1; n <= 4; n++) {
      await settle(() => commits.length === n);
      commits[n - 1].end();
    }
    expect(commits.map(({ names }) => names)).toEqual([['a'], ['b'], ['c'], ['d']]);
  });

  it('that fails fails its writes, and none of the next', async () => {
    const { group, commits } = openGroup();
    const first = group.write(dead('a'));
    await settle(() => commits.length === 1);
    const second = group.write(dead('b'));
    commits[0].end(new Error('disk on fire'));
    await expect(first).rejects.toThrow('disk on fire');
    await settle(() => commits.length === 2);
    commits[1].end();
    expect(await second).toBe('stored');
  });

  it('has a queue with a bound for what brings bytes; what makes room always gets in', async () => {
    const { group, commits } = openGroup({ queueBytesMax: 1_000 });
    const queued = group.write(dead('a', 600));
    expect(await group.write(dead('b', 600))).toBe('full');
    const confirm = group.write({ kind: 'confirm', sink: 'history', positions: [1] });
    await settle(() => commits.length === 1);
    expect(commits[0].names).toEqual(['a', 'confirm']);
    commits[0].end();
    expect([await queued, await confirm]).toEqual(['stored', 'stored']);
  });
});
