import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeBody, readHead } from '@iot/batch';
import { describe, expect, it } from 'vitest';
import { StoreEngine } from '../../src/store/engine.ts';
import { OFFER_ALL, optionsIn, SCHEMA, testFolder } from './batches.ts';

/** More rounds: `STORE_KILL_ROUNDS=1000 STORE_KILL_SEED=… vitest run agent/test/store/kill.test.ts`. */
const ROUNDS = Number(process.env.STORE_KILL_ROUNDS ?? 10);
const SEED = Number(process.env.STORE_KILL_SEED ?? Date.now() % 2 ** 31);
const CHILD = join(import.meta.dirname, 'kill-child.ts');

/** Park and Miller's generator: enough to pick a moment. */
function seeded(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

interface Told {
  readonly seqs: Map<number, number>;
  /** Seconds whose readings are durable, in a batch or in the journal. */
  readonly seconds: Set<number>;
  epoch: string;
}

/** Runs the child until it has said so many lines and some more time has passed, then kills it; from its start where that is 0. */
async function runAndKill(path: string, firstSecond: number, lines: number, delayMs: number): Promise<Told> {
  const child: ChildProcess = spawn(process.execPath, ['--conditions=source', CHILD, path, String(firstSecond)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: Told = { seqs: new Map(), seconds: new Set(), epoch: '' };
  let count = 0;
  const killSoon = (): void => void setTimeout(() => child.kill('SIGKILL'), delayMs);
  if (lines === 0) killSoon();
  const reader = createInterface({ input: child.stdout! });
  reader.on('line', (line) => {
    const [kind, first, second] = line.split(' ');
    if (kind === 'epoch') told.epoch = first;
    else if (kind === 'seq') {
      told.seqs.set(Number(first), Number(second));
      for (let i = 0; i < 3; i++) told.seconds.add(Number(second) + i);
    } else told.seconds.add(Number(first));
    if (++count === lines) killSoon();
  });
  await Promise.all([
    new Promise((resolve) => reader.once('close', resolve)),
    new Promise((resolve) => child.once('exit', resolve)),
  ]);
  return told;
}

describe(`a store whose process is killed (seed ${SEED})`, () => {
  it(
    `has all that it said is durable, in ${ROUNDS} rounds`,
    async () => {
      const random = seeded(SEED);
      const options = optionsIn(testFolder(), { bytesMax: 1024 ** 3 });
      const seqs = new Map<number, number>();
      const seconds = new Set<number>();
      let epoch = '';
      for (let round = 0; round < ROUNDS; round++) {
        const lines = round % 3 === 0 ? 0 : 1 + Math.floor(random() * 40);
        const told = await runAndKill(options.path, round * 100_000, lines, random() * (lines === 0 ? 500 : 20));
        if (epoch !== '' && told.epoch !== '') expect(told.epoch, `round ${round}`).toBe(epoch);
        epoch ||= told.epoch;
        for (const [seq, second] of told.seqs) seqs.set(seq, second);
        for (const second of told.seconds) seconds.add(second);
      }
      const store = new StoreEngine(options, randomBytes);
      expect(store.epoch).toBe(epoch);
      const found = new Map(
        store
          .offer({ ...OFFER_ALL, limit: 1_000_000 })
          .map(({ seq, bytes }) => [seq, decodeBody(readHead(bytes), SCHEMA)]),
      );
      const { nextSeq } = store.statement();
      expect([...found.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: nextSeq - 1 }, (_, i) => i + 1));
      for (const [seq, second] of seqs) {
        const start = found.get(seq)!.tables[0].columns[0].values[0];
        expect(start, `seq ${seq}`).toBe(second * 1000);
      }
      const committed = new Set<number>();
      for (const { events, tables } of found.values()) {
        for (const event of events) committed.add(Number(event.attributes.startMs) / 1000);
        // A cut of six rows stands for the three seconds that it was journaled as.
        if (tables[0].count === 6 && events.length === 1)
          for (let i = 1; i < 3; i++) committed.add(Number(events[0].attributes.startMs) / 1000 + i);
      }
      for (const second of seconds) expect(committed, `second ${second}`).toContain(second);
      store.close();
    },
    20_000 + ROUNDS * 2_000,
  );
});
