import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readHead } from '@iot/batch';
import { expect, it } from 'vitest';
import { contains } from '../../src/ledger/ranges.ts';
import { batchOf } from '../support/batches.ts';
import { temporaryDirectory } from '../support/plane.ts';
import { type DataPlane, openDataPlane } from './data-plane.ts';

const ROUNDS = 4;

/** Runs the data plane until it has told about `lines` acceptances, kills it, and gives all that it told. */
function runAndKill(directory: string, first: number, underWay: number, lines: number): Promise<string[]> {
  const args = [join(import.meta.dirname, 'killed.ts'), directory, String(first), String(underWay)];
  const child = spawn(process.execPath, ['--conditions=source', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const told: string[] = [];
  const errors: string[] = [];
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  createInterface(child.stdout).on('line', (line) => {
    told.push(line);
    if (told.length === lines) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(told);
      else reject(new Error(`it ended by itself: ${errors.join('\n')}`));
    });
  });
}

async function acceptedRanges({ spool }: DataPlane) {
  const views = await spool.ledger('unit-1');
  expect(views).toHaveLength(1);
  return views[0].accepted;
}

/** Seqs that the sink holds, once the spool owes it nothing more. */
async function deliveredSeqs({ spool, history, delivery }: DataPlane): Promise<number[]> {
  const drained = new Promise<void>((resolve) => {
    const look = async (): Promise<void> => {
      if ((await spool.status()).entries === 0) resolve();
      else setImmediate(look);
    };
    void look();
  });
  delivery.start();
  await drained;
  const seqs: number[] = [];
  await history.export((bytes) => void seqs.push(readHead(bytes).seq));
  return seqs;
}

it('what was told accepted is in ledger and history after any kill, once, and a resend is a duplicate', async () => {
  const directory = temporaryDirectory();
  const told = new Set<number>();
  const plan: string[] = [];
  for (let round = 0, first = 1; round < ROUNDS; round++) {
    const [underWay, lines] = [randomInt(1, 33), randomInt(1, 200)];
    plan.push(`from ${first}, ${underWay} under way, killed after ${lines}`);
    for (const line of await runAndKill(directory, first, underWay, lines)) told.add(Number.parseInt(line, 10));
    // What was under way may be accepted without having been told: the next round offers it again, as a unit does.
    first = Math.max(1, Math.max(...told) - underWay + 1);
  }
  const plane = await openDataPlane(directory);
  try {
    const accepted = await acceptedRanges(plane);
    for (const seq of told)
      expect(contains(accepted, seq), `seq ${seq} was told accepted: ${plan.join('; ')}`).toBe(true);
    const seqs = await deliveredSeqs(plane);
    expect(new Set(seqs).size, `delivered once each: ${plan.join('; ')}`).toBe(seqs.length);
    expect(seqs.filter((seq) => !contains(accepted, seq))).toEqual([]);
    expect([...told].filter((seq) => !seqs.includes(seq))).toEqual([]);
    const last = Math.max(...told);
    const resend = batchOf(last, { values: [last, last + 1] });
    expect(await plane.acceptor.accept('batch', 'unit-1', resend)).toEqual({ kind: 'accepted', duplicate: true });
    expect((await plane.spool.status()).entries).toBe(0);
  } finally {
    await plane.close();
  }
}, 60_000);
