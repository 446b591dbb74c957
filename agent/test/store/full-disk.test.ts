import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Statement } from '@iot/batch';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreEngine } from '../../src/store/engine.ts';
import { batchAt, OFFER_ALL, optionsIn, testFolder } from './batches.ts';

const MIB = 1024 ** 2;

/** A small file system of its own, or undefined where this user may not mount one. */
function mountSmallDisk(bytes: number): string | undefined {
  const folder = testFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}
const mayMount = process.getuid?.() === 0;

const gapCount = ({ gaps }: Statement): number => gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0);
const big = (i: number) => batchAt(i * 1000, { ballast: 3000 });

describe.skipIf(!mayMount)('a disk that is full (needs root, for a small tmpfs)', () => {
  it.each([
    { name: 'by the store itself', others: 0 },
    { name: 'by others', others: 8 * MIB },
  ])('$name: evicts with gaps, loses no number, goes on', ({ others }) => {
    const folder = mountSmallDisk(8 * MIB);
    expect(folder, 'root may not mount a tmpfs here').toBeDefined();
    const options = optionsIn(folder!, { bytesMax: 16 * MIB });
    const store = new StoreEngine(options, randomBytes);
    for (let i = 0; i < 300; i++) store.commit([big(i)]);
    if (others > 0) fillDisk(join(folder!, 'others'), others);
    for (let i = 300; i < 3000; i++) store.commit([big(i)], big(i + 1));

    const statement = store.statement();
    expect(statement.nextSeq).toBe(3001);
    expect(gapCount(statement)).toBeGreaterThan(0);
    expect(gapCount(statement) + store.depth().batches).toBe(3000);
    expect(store.offer({ ...OFFER_ALL, limit: 1 }).map(({ seq }) => seq)).toEqual([3000]);
    store.close();

    const again = new StoreEngine(options, randomBytes);
    expect(again.statement().nextSeq).toBe(3002);
    expect(gapCount(again.statement()) + again.depth().batches).toBe(3001);
    again.close();
  });

  it('grows again when there is room again', () => {
    const folder = mountSmallDisk(24 * MIB)!;
    const store = new StoreEngine(optionsIn(folder, { bytesMax: 16 * MIB }), randomBytes);
    const others = join(folder, 'others');
    for (let i = 0; i < 200; i++) store.commit([big(i)]);
    fillDisk(others, 24 * MIB);
    for (let i = 200; i < 1000; i++) store.commit([big(i)]);
    const { batches: narrow } = store.depth();
    expect(narrow).toBeLessThan(300);
    rmSync(others);
    for (let i = 1000; i < 2000; i++) store.commit([big(i)]);
    expect(store.depth().batches).toBeGreaterThan(2 * narrow);
    store.close();
  });

  it('that was filled before a start keeps none from it, and the epoch goes on', () => {
    const folder = mountSmallDisk(4 * MIB)!;
    const options = optionsIn(folder, { bytesMax: 16 * MIB });
    const store = new StoreEngine(options, randomBytes);
    store.commit([big(0)]);
    const { epoch } = store;
    store.close();
    fillDisk(join(folder, 'others'), 4 * MIB);
    const again = new StoreEngine(options, randomBytes);
    expect(again.epoch).toBe(epoch);
    expect(again.depth().batches).toBe(1);
    again.close();
  });

  it('that was full before the store was made is told, harms nothing, and is over when it is over', () => {
    const folder = mountSmallDisk(4 * MIB)!;
    const options = optionsIn(folder, { bytesMax: 16 * MIB });
    const store = new StoreEngine(options, randomBytes);
    rmSync(`${options.path}.reserve`, { force: true });
    const others = join(folder, 'others');
    fillDisk(others, 4 * MIB);
    const tooMuch = Array.from({ length: 200 }, (_, i) => batchAt(i * 1000, { ballast: 30_000 }));
    const { epoch } = store;
    const { nextSeq } = store.statement();
    expect(() => store.commit(tooMuch)).toThrow(expect.objectContaining({ code: 'store/full' }));
    expect(store.statement().nextSeq).toBe(nextSeq);
    rmSync(others);
    expect(store.commit([big(0)]).seqs).toEqual([nextSeq]);
    expect(store.epoch).toBe(epoch);
    store.close();
  });
});

/** Takes so much of a disk as it has, up to `bytes`. */
function fillDisk(path: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(join(path, '..'));
  writeFileSync(path, new Uint8Array(Math.min(bytes, bavail * bsize)));
}
