import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { LittleFleet } from '../sim/little-fleet.ts';

/** What becomes of a store, and what the ledger says of it afterwards: nothing unexplained, nothing told twice. */

let fleet: LittleFleet;
beforeEach(async () => {
  fleet = new LittleFleet();
  await fleet.startGateway();
});
afterEach(() => fleet.stopGateway());

const mayMount = process.getuid?.() === 0;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('a store', () => {
  it('that is started again goes on in its epoch', async () => {
    await fleet.run('store', 'machine-1', 0, 3);
    await fleet.run('store', 'machine-1', 12, 3);
    const { ledger, values } = await fleet.verdict();
    expect(values).toEqual(range(0, 24));
    expect(ledger).toMatchObject([{ missing: 0, onTheWay: 0, gaps: [] }]);
  });

  it('that is copied to another machine ships what follows under an epoch of its own', async () => {
    await fleet.run('store', 'machine-1', 0, 3);
    fleet.copyStore('store', 'copy');
    await fleet.run('store', 'machine-1', 12, 3);
    await fleet.run('copy', 'machine-2', 100, 3);
    const { ledger, values } = await fleet.verdict();
    expect(values).toEqual([...range(0, 24), ...range(100, 112)]);
    expect(ledger).toHaveLength(2);
    expect(ledger.map((view) => view.missing)).toEqual([0, 0]);
  });

  it('that is cloned with its machine is found out by the gateway, and loses nothing by it', async () => {
    await fleet.run('store', 'machine-1', 0, 3);
    fleet.copyStore('store', 'clone');
    await fleet.run('store', 'machine-1', 12, 3);
    // The same numbers for other readings: the gateway answers "conflict", the clone opens a new epoch.
    await fleet.run('clone', 'machine-1', 200, 3);
    const { ledger, values } = await fleet.verdict();
    expect(values).toEqual([...range(0, 24), ...range(200, 212)]);
    expect(ledger).toHaveLength(2);
    expect(ledger.map((view) => view.missing)).toEqual([0, 0]);
  });

  it('that is copied to another unit stays the first one’s to send', async () => {
    await fleet.stopGateway();
    await fleet.run('store', 'machine-1', 0, 3, { deliver: false });
    fleet.copyStore('store', 'copy');
    await fleet.startGateway();
    await fleet.run('copy', 'machine-2', 100, 3, { unit: 'unit-2' });
    await fleet.run('store', 'machine-1', 12, 3);
    const ofTheCopy = await fleet.ledger('unit-2');
    expect(ofTheCopy).toMatchObject([{ missing: 0, onTheWay: 0, gaps: [] }]);
    const { ledger, values } = await fleet.verdict();
    expect(ledger).toMatchObject([{ missing: 0, onTheWay: 0, gaps: [] }]);
    expect(ledger[0].epoch).not.toBe(ofTheCopy[0].epoch);
    expect(values).toEqual([...range(0, 24), ...range(100, 112)]);
  });

  it("that is restored from yesterday's copy opens a new epoch and uses no number twice", async () => {
    await fleet.run('store', 'machine-1', 0, 3);
    fleet.copyStore('store', 'yesterday');
    await fleet.run('store', 'machine-1', 12, 3);
    rmSync(`${fleet.store('store')}/store.db`);
    fleet.copyStore('yesterday/store.db', 'store/store.db');
    await fleet.run('store', 'machine-1', 24, 3);
    const { ledger, values } = await fleet.verdict();
    expect([...new Set(values)]).toEqual(range(0, 36));
    expect(ledger.map((view) => view.missing)).toEqual([0, 0]);
  });

  it('that is deleted is closed by the next epoch, and its end is said to be unknown', async () => {
    await fleet.run('store', 'machine-1', 0, 3);
    rmSync(`${fleet.store('store')}/store.db`);
    await fleet.run('store', 'machine-1', 12, 3);
    const { ledger, values } = await fleet.verdict();
    expect(values).toEqual(range(0, 24));
    expect(ledger).toHaveLength(2);
    expect(ledger.map((view) => view.missing)).toEqual([0, 0]);
    const lost = ledger.find((view) => view.closedBy !== undefined)!;
    expect(lost.words).toContain('continued by epoch');
    for (const { reason } of lost.gaps) expect(reason).toBe('tail-unknown');
  });

  it('that is smaller than an outage lets the oldest go, and says which and why', async () => {
    await fleet.run('store', 'machine-1', 0, 1);
    await fleet.stopGateway();
    await fleet.run('store', 'machine-1', 4, 3000, { deliver: false, bytesMax: 1024 ** 2 });
    await fleet.startGateway();
    await fleet.run('store', 'machine-1', 20_000, 1, { bytesMax: 1024 ** 2 });
    const { ledger, values } = await fleet.verdict();
    expect(ledger).toMatchObject([{ missing: 0, onTheWay: 0, gaps: [{ reason: 'evicted' }] }]);
    expect(ledger[0].words).toContain('evicted');
    const [{ from, to }] = ledger[0].gaps;
    const gone = range(4, 12_004).filter((value) => !values.includes(value));
    expect(gone.length).toBeGreaterThan(0);
    // What went is what the gap says, to the number: as many batches as hold the values that did not come.
    expect(to - from + 1).toBeGreaterThanOrEqual(Math.floor(gone.length / 4));
    expect(new Set(values).size).toBe(values.length);
  });

  it.skipIf(!mayMount)(
    'whose disk others fill (needs root, for a small tmpfs) lets the oldest go, and says so',
    async () => {
      const disk = fleet.store('store');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
      onTestFinished(() => void execFileSync('umount', ['-l', disk]));
      await fleet.stopGateway();
      await fleet.run('store', 'machine-1', 0, 1500, { deliver: false });
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(join(disk, 'others'), Buffer.alloc(bavail * bsize));
      await fleet.run('store', 'machine-1', 6_000, 1500, { deliver: false });
      await fleet.startGateway();
      await fleet.run('store', 'machine-1', 12_000, 1);
      const { ledger, values } = await fleet.verdict();
      expect(ledger).toMatchObject([{ missing: 0, onTheWay: 0, gaps: [{ reason: 'evicted' }] }]);
      const [{ from, to }] = ledger[0].gaps;
      expect(new Set(values).size).toBe(values.length);
      expect(values.slice(-4)).toEqual(range(12_000, 12_004));
      expect(12_004 - values.length).toBeLessThanOrEqual(4 * (to - from + 1));
    },
  );
});
