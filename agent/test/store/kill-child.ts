import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openStore } from '../../src/store/index.ts';
import { BOOT, batchAt } from './shapes.ts';

/**
 * Commits until it is killed: every third commit cuts what the two before it journaled. Says what it was told is durable,
 * one line a commit: `seq <n> <first second>` or `journal <second>`.
 */
const [path, firstSecond] = process.argv.slice(2);
const store = await openStore({
  path,
  unit: 'unit-1',
  vehicle: 'car-1',
  machineId: 'machine-1',
  bootId: randomBytes(16),
  bytesMax: 1024 ** 3,
});
const say = (line: string): void => void writeSync(1, `${line}\n`);
say(`epoch ${store.epoch}`);
for (let second = Number(firstSecond); ; second += 3) {
  for (const journaled of [second, second + 1]) {
    await store.commit([], batchAt(journaled * 1000, { boot: BOOT }));
    say(`journal ${journaled}`);
  }
  const { seqs } = await store.commit([batchAt(second * 1000, { rows: 6, boot: BOOT })]);
  say(`seq ${seqs[0]} ${second}`);
}
