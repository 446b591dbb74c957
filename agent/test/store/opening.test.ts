import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf } from '@iot/batch';
import { describe, expect, it } from 'vitest';
import type { NewBatch } from '../../src/ports.ts';
import { StoreEngine } from '../../src/store/engine.ts';
import type { StoreOptions } from '../../src/store/open.ts';
import { readSidecar } from '../../src/store/sidecar.ts';
import { batchAt, OFFER_ALL, optionsIn, testFolder } from './batches.ts';

/** Repeatable randomness: every call gives other bytes. */
function counting(): (count: number) => Uint8Array {
  let calls = 0;
  return (count) => {
    const bytes = new Uint8Array(count);
    new DataView(bytes.buffer).setUint32(0, ++calls);
    return bytes;
  };
}
const random = counting();

const open = (options: StoreOptions): StoreEngine => new StoreEngine(options, random);
const batches = (count: number, from = 0): NewBatch[] =>
  Array.from({ length: count }, (_, i) => batchAt((from + i) * 1000));
const copyStore = (from: string, to: string): void => {
  for (const suffix of ['', '-wal', '.sidecar'])
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
};
const openedBecause = (store: StoreEngine) =>
  store.takeNotices().findLast(({ name }) => name === 'store-opened')?.attributes;
const pendingSeqs = (store: StoreEngine): number[] =>
  store
    .offer(OFFER_ALL)
    .map(({ seq }) => seq)
    .sort((a, b) => a - b);

describe('a store that is opened again', () => {
  it('goes on with its epoch after a clean close', () => {
    const options = optionsIn(testFolder());
    const first = open(options);
    const { epoch } = first;
    expect(openedBecause(first)).toMatchObject({ reason: 'create' });
    first.commit(batches(3));
    first.close();
    expect(readSidecar(`${options.path}.sidecar`)).toMatchObject({ epoch, highWater: 4, nextSeq: 4 });

    const second = open(options);
    expect(second.epoch).toBe(epoch);
    expect(openedBecause(second)).toMatchObject({ reason: 'resume', clean: true });
    expect(second.commit(batches(1)).seqs).toEqual([4]);
    second.close();
  });

  it('goes on with its epoch after a crash, wherever it fell', () => {
    const folder = testFolder();
    const options = optionsIn(folder);
    const crashing = open(options);
    crashing.commit(batches(3));
    const crashed = optionsIn(testFolder());
    copyStore(options.path, crashed.path);
    const again = open(crashed);
    expect(again.epoch).toBe(crashing.epoch);
    expect(openedBecause(again)).toMatchObject({ reason: 'resume', clean: false });
    crashing.close();
    again.close();
  });

  it('goes on where it died between the first sidecar and the file', () => {
    const options = optionsIn(testFolder());
    const store = open(options);
    store.commit(batches(1));
    store.close();
    const path = `${options.path}.sidecar`;
    const sidecar = readSidecar(path)!;
    writeFileSync(path, JSON.stringify({ ...sidecar, generation: 'ab'.repeat(16), previous: sidecar.generation }));
    const again = open(options);
    expect(again.epoch).toBe(sidecar.epoch);
    again.close();
  });

  it('never gives a number twice, also when everything was evicted or acknowledged', () => {
    const options = optionsIn(testFolder());
    const store = open(options);
    store.commit(batches(5));
    for (const { seq } of store.offer(OFFER_ALL)) store.refused(seq, 'test');
    store.close();
    const again = open(options);
    expect(again.depth().batches).toBe(0);
    expect(again.commit(batches(1)).seqs).toEqual([6]);
    again.close();
  });
});

it('a store that is open is left alone, and said to be in use', () => {
  const options = optionsIn(testFolder());
  const store = open(options);
  expect(() => open(options)).toThrow(expect.objectContaining({ code: 'store/in-use' }));
  expect(store.commit(batches(1)).seqs).toEqual([1]);
  store.close();
});

describe('a store that was lost', () => {
  it('is closed by the next epoch: what the sidecar knows accepted, then tail-unknown', () => {
    const options = optionsIn(testFolder());
    const store = open(options);
    store.commit(batches(10));
    store.offer(OFFER_ALL);
    store.accepted([1, 2, 3]);
    const { epoch } = store;
    store.close();
    for (const suffix of ['', '-wal']) rmSync(options.path + suffix, { force: true });

    const next = open(options);
    expect(next.epoch).not.toBe(epoch);
    expect(openedBecause(next)).toMatchObject({ reason: 'lost', previous: epoch });
    const { predecessor, nextSeq } = next.statement();
    expect(nextSeq).toBe(1);
    expect({ ...predecessor, epoch: hexOf(predecessor!.epoch) }).toEqual({
      epoch,
      nextSeq: 11,
      accepted: [[1, 3]],
      gaps: [{ from: 4, to: 10, reason: 'tail-unknown', detail: 'the store file was lost' }],
    });
    next.close();
  });

  it('is closed at its high-water when it was lost in a crash', () => {
    const options = optionsIn(testFolder());
    const store = open(options);
    store.commit(batches(10));
    const crashed = optionsIn(testFolder());
    copyFileSync(`${options.path}.sidecar`, `${crashed.path}.sidecar`);
    const next = open(crashed);
    const { gaps, nextSeq } = next.statement().predecessor!;
    expect(gaps).toEqual([expect.objectContaining({ from: 1, to: nextSeq - 1, reason: 'tail-unknown' })]);
    expect(nextSeq).toBeGreaterThan(10);
    store.close();
    next.close();
  });
});

describe('a store that was put back from an older state', () => {
  it('opens a new epoch, moves what it holds, and states the old one', () => {
    const options = optionsIn(testFolder());
    const backup = optionsIn(testFolder());
    const before = open(options);
    before.commit(batches(4));
    before.offer(OFFER_ALL);
    before.accepted([1]);
    const { epoch } = before;
    before.close();
    copyFileSync(options.path, backup.path);

    const later = open(options);
    later.commit(batches(4, 4));
    later.offer(OFFER_ALL);
    later.accepted([2]);
    later.close();

    copyFileSync(backup.path, options.path);
    const restored = open(options);
    expect(restored.epoch).not.toBe(epoch);
    expect(openedBecause(restored)).toMatchObject({ reason: 'restored', previous: epoch, moved: 2 });
    // 2 was accepted after the backup, as the sidecar knows; 3 and 4 go again, under new numbers.
    expect(pendingSeqs(restored)).toEqual([1, 2]);
    const { predecessor } = restored.statement();
    expect(predecessor!.accepted).toEqual([[1, 2]]);
    expect(predecessor!.nextSeq).toBe(9);
    expect(predecessor!.gaps.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [3, 4, 'tail-unknown'],
      [5, 8, 'tail-unknown'],
    ]);
    restored.close();
  });

  it('takes a file without its sidecar for one', () => {
    const options = optionsIn(testFolder());
    const store = open(options);
    store.commit(batches(1));
    store.close();
    rmSync(`${options.path}.sidecar`);
    const again = open(options);
    expect(openedBecause(again)).toMatchObject({ reason: 'restored', moved: 1 });
    again.close();
  });

  it('takes a sidecar that does not read for none', () => {
    const options = optionsIn(testFolder());
    const store = open(options);
    store.commit(batches(1));
    store.close();
    writeFileSync(`${options.path}.sidecar`, '{"unit":');
    const again = open(options);
    expect(openedBecause(again)).toMatchObject({ reason: 'restored' });
    again.close();
  });

  it('closes both epochs where the file is from before an epoch that is lost', () => {
    const options = optionsIn(testFolder());
    const store = open(options);
    store.commit(batches(2));
    const firstEpoch = store.epoch;
    store.close();
    const backup = readFileSync(options.path);
    const second = open(options);
    second.offer(OFFER_ALL);
    second.conflict(1);
    const secondEpoch = second.epoch;
    second.commit(batches(3));
    second.close();
    writeFileSync(options.path, backup);

    const third = open(options);
    const said = [third.statement(), third.statement()].map(({ predecessor }) => predecessor!);
    expect(said.map(({ epoch }) => hexOf(epoch)).sort()).toEqual([firstEpoch, secondEpoch].sort());
    const lost = said.find(({ epoch }) => hexOf(epoch) === secondEpoch)!;
    expect(lost.gaps).toEqual([expect.objectContaining({ from: 1, to: 5, reason: 'tail-unknown' })]);
    expect(pendingSeqs(third)).toEqual([1, 2]);
    third.close();
  });
});

describe('a store on another machine', () => {
  it('of the same unit opens a new epoch and sends what it holds', () => {
    const options = optionsIn(testFolder());
    const original = open(options);
    original.commit(batches(2));
    original.close();
    const clone = optionsIn(testFolder(), { machineId: 'machine-2' });
    copyStore(options.path, clone.path);
    const copied = open(clone);
    expect(copied.epoch).not.toBe(readSidecar(`${options.path}.sidecar`)!.epoch);
    expect(openedBecause(copied)).toMatchObject({ reason: 'copied', moved: 2 });
    expect(pendingSeqs(copied)).toEqual([1, 2]);
    copied.close();
  });

  it('of another unit is moved aside whole: neither sent nor stated', () => {
    const options = optionsIn(testFolder());
    const original = open(options);
    original.commit(batches(2));
    original.close();
    const cloneFolder = testFolder();
    const clone = optionsIn(cloneFolder, { machineId: 'machine-2', unit: 'unit-2' });
    copyStore(options.path, clone.path);
    const own = open(clone);
    expect(openedBecause(own)).toMatchObject({ reason: 'foreign', moved: 0 });
    expect(own.depth().batches).toBe(0);
    expect(own.statement().predecessor).toBeUndefined();
    own.close();

    // Put back under its own name, nothing of it is missing.
    const aside = join(cloneFolder, 'store.db.foreign-1');
    const back = optionsIn(testFolder());
    copyStore(aside, back.path);
    const again = open(back);
    expect(openedBecause(again)).toMatchObject({ reason: 'resume' });
    expect(pendingSeqs(again)).toEqual([1, 2]);
    again.close();
  });
});

describe('a damaged store', () => {
  const filled = (options: StoreOptions): string => {
    const store = open(options);
    store.commit(Array.from({ length: 200 }, (_, i) => batchAt(i * 1000, { ballast: 3000 })));
    store.offer({ ...OFFER_ALL, lanes: ['live'], limit: 10 });
    store.accepted([200]);
    store.commit([], batchAt(200_000));
    const { epoch } = store;
    store.close();
    return epoch;
  };

  it.each([
    { name: 'truncated', harm: (bytes: Buffer) => bytes.subarray(0, bytes.length / 2), survives: true },
    { name: 'a page overwritten', harm: (bytes: Buffer) => bytes.fill(0xa5, 20 * 4096, 21 * 4096), survives: true },
    { name: 'every tenth page overwritten', harm: everyTenthPage, survives: true },
    { name: 'its first page overwritten', harm: (bytes: Buffer) => bytes.fill(0, 0, 4096), survives: false },
    { name: 'garbage', harm: (bytes: Buffer) => bytes.fill('this is no store '), survives: false },
    { name: 'empty', harm: () => Buffer.alloc(0), survives: false },
  ])('$name: opens, saves what reads, and accounts for every number', ({ harm, survives }) => {
    const folder = testFolder();
    const options = optionsIn(folder);
    const epoch = filled(options);
    writeFileSync(options.path, harm(readFileSync(options.path)));
    const store = open(options);
    expect(store.epoch).not.toBe(epoch);
    const { predecessor } = store.statement();
    expect(hexOf(predecessor!.epoch)).toBe(epoch);
    expect(accountedFor(predecessor!)).toEqual(Array.from({ length: predecessor!.nextSeq - 1 }, (_, i) => i + 1));
    expect(predecessor!.nextSeq).toBeGreaterThanOrEqual(201);
    const { batches: saved } = store.depth();
    expect(saved > 0).toBe(survives);
    const moved = predecessor!.gaps.filter(({ detail }) => detail?.startsWith('moved'));
    expect(moved.reduce((sum, { from, to }) => sum + to - from + 1, 0)).toBe(
      survives ? saved - journalBatches(store) : 0,
    );
    for (const offer of store.offer(OFFER_ALL)) expect(offer.bytes.length).toBeGreaterThan(0);
    store.close();
    const again = open(options);
    expect(openedBecause(again)).toMatchObject({ reason: 'resume' });
    again.close();
  });

  it('is moved aside for people to look at, and only the newest is kept', () => {
    const folder = testFolder();
    const options = optionsIn(folder);
    for (let round = 1; round <= 2; round++) {
      filled(options);
      truncateSync(options.path, 8192);
      const store = open(options);
      const notice = openedBecause(store);
      expect(notice).toMatchObject({ reason: 'damaged', movedTo: `${options.path}.damaged-${round}` });
      expect(notice!.detail).toContain('damaged');
      store.close();
      expect(readdirSync(folder).filter((name) => /damaged-\d+$/.test(name))).toEqual([`store.db.damaged-${round}`]);
    }
  });
});

function everyTenthPage(bytes: Buffer): Buffer {
  for (let page = 10; page * 4096 < bytes.length; page += 10) bytes.fill(page, page * 4096, (page + 1) * 4096);
  return bytes;
}

function journalBatches(store: StoreEngine): number {
  return store.takeNotices().some(({ name }) => name === 'journal-recovered') ? 1 : 0;
}

/** Every number that a statement's epoch says something of. */
function accountedFor({
  accepted,
  gaps,
}: {
  accepted: readonly (readonly [number, number])[];
  gaps: readonly { from: number; to: number }[];
}): number[] {
  const ranges = [...accepted, ...gaps.map(({ from, to }) => [from, to] as const)];
  return ranges
    .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
    .sort((a, b) => a - b);
}
