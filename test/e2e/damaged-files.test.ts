import { closeSync, existsSync, openSync, readdirSync, statSync, truncateSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LittleFleet } from '../sim/little-fleet.ts';

/** Database files that are damaged between two runs: no start is blocked, the file is set aside, the ledger tells the truth. */

const PAGE = 4096;

interface Damage {
  readonly name: string;
  /** Something of a store is certain to be read yet. */
  readonly keeps: boolean;
  readonly harm: (path: string) => void;
}

const DAMAGES: readonly Damage[] = [
  { name: 'truncated to half', keeps: false, harm: (path) => truncateSync(path, (pagesOf(path) >> 1) * PAGE) },
  { name: 'a page overwritten in the middle', keeps: true, harm: (path) => overwrite(path, pagesOf(path) >> 1) },
  { name: 'its first page overwritten', keeps: false, harm: (path) => overwrite(path, 0) },
];

const pagesOf = (path: string): number => Math.floor(statSync(path).size / PAGE);

function overwrite(path: string, page: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(PAGE, 0xa5), 0, PAGE, page * PAGE);
  closeSync(file);
}

let fleet: LittleFleet;
beforeEach(async () => {
  fleet = new LittleFleet();
  await fleet.startGateway();
});
afterEach(() => fleet.stopGateway());

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const asideIn = (folder: string, file: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith(`${file}.damaged-`) && /\d$/.test(name));

describe.each(DAMAGES)('$name', ({ harm, keeps }) => {
  it('of an agent’s store that waits for the link: what reads arrives once, the rest is a gap', async () => {
    await fleet.run('store', 'machine-1', 0, 2);
    await fleet.stopGateway();
    await fleet.run('store', 'machine-1', 8, 300, { deliver: false });
    harm(`${fleet.store('store')}/store.db`);
    await fleet.startGateway();
    await fleet.run('store', 'machine-1', 5_000, 2);
    expect(asideIn(fleet.store('store'), 'store.db')).toHaveLength(1);
    const { ledger, values } = await fleet.verdict();
    expect(ledger.map(({ missing, onTheWay }) => missing + onTheWay)).toEqual([0, 0]);
    expect(values.filter((value) => value >= 5_000)).toEqual(range(5_000, 5_008));
    expect(values.slice(0, 8)).toEqual(range(0, 8));
    expect(new Set(values).size).toBe(values.length);
    const closed = ledger.find(({ closedBy }) => closedBy !== undefined)!;
    // What was saved went on to the new epoch, so a gap says more than was lost; it never says less.
    const lost = range(8, 1_208).filter((value) => !values.includes(value));
    const inGaps = closed.gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    expect(4 * inGaps).toBeGreaterThanOrEqual(lost.length);
    for (const { reason } of closed.gaps) expect(['corrupt', 'tail-unknown']).toContain(reason);
    if (keeps) expect(lost.length).toBeLessThan(1_200);
  });

  it('of the spool: the unit sends again what the ledger has lost, and the history keeps each once', async () => {
    await fleet.run('store', 'machine-1', 0, 60);
    await fleet.stopGateway();
    const spool = fleet.store('gateway/spool.db');
    harm(spool);
    await fleet.startGateway();
    expect(asideIn(fleet.store('gateway'), 'spool.db')).toHaveLength(1);
    await fleet.run('store', 'machine-1', 240, 2);
    const { ledger, values } = await fleet.verdict();
    expect(ledger).toMatchObject([{ missing: 0, onTheWay: 0 }]);
    expect(values).toEqual(range(0, 248));
  });

  it('of the history: a new one is begun, and nothing of what comes waits', async () => {
    await fleet.run('store', 'machine-1', 0, 60);
    await fleet.stopGateway();
    harm(fleet.store('gateway/history.db'));
    await fleet.startGateway();
    await fleet.run('store', 'machine-1', 240, 2);
    const { ledger, values } = await fleet.verdict();
    expect(asideIn(fleet.store('gateway'), 'history.db')).toHaveLength(1);
    expect(existsSync(fleet.store('gateway/history.db'))).toBe(true);
    expect(ledger).toMatchObject([{ missing: 0, onTheWay: 0, gaps: [] }]);
    expect(values).toEqual(range(240, 248));
  });
});
