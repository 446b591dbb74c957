import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askStatus } from '@iot/agent';
import { Program } from '../sim/process.ts';
import { COMMIT_MS } from './configs.ts';
import type { CounterBus } from './counter.ts';
import type { BatchRecord, Kill, StoreContents } from './evidence.ts';
import { readStore } from './read.ts';
import { until } from './until.ts';

/** Batches read again at each kill beside the new ones: their digests may have been frozen since. */
const READ_AGAIN = 64;
/** Commits after which what was open is cut, and what was cut is offered. */
const COMMITS_TO_SETTLE = Math.ceil(2_500 / COMMIT_MS);

interface AgentStatus {
  readonly store: { readonly batches: number };
  readonly collected: { readonly commits: number; readonly waitingBytes: number };
}

/** The agent under test: its process, and what its store held whenever it was killed. */
export class Unit {
  readonly kills: Kill[] = [];
  readonly #program: Program;
  readonly #dataDir: string;
  readonly #counter: CounterBus;
  #sentAtReady = 0;
  #durable = 0;
  #nextSeq = 1;

  constructor(configFile: string, dataDir: string, counter: CounterBus) {
    this.#program = new Program('agent/src/main.ts', ['run', '--config', configFile]);
    this.#dataDir = dataDir;
    this.#counter = counter;
  }

  get log(): readonly string[] {
    return this.#program.log;
  }

  /** Resolves to the newest count on the bus when it was ready: what is sent from then on, it must collect. */
  async start(): Promise<number> {
    this.#sentAtReady = Number.POSITIVE_INFINITY;
    await this.#program.start();
    this.#sentAtReady = this.#counter.sent;
    return this.#sentAtReady;
  }

  /** Kills it, reads its store, starts it again after `downMs`; with `relapseMs` it dies once more in or after that start. */
  async kill(round: number, downMs: number, relapseMs: number | undefined): Promise<void> {
    if (!this.#program.running) throw new Error('the agent ended by itself');
    const first = await this.#killNow(round);
    await sleep(downMs);
    if (relapseMs === undefined) {
      this.kills.push({ ...first, sentAtReady: await this.start() });
      return;
    }
    const starting = this.start().catch(() => undefined);
    await sleep(relapseMs);
    const second = await this.#killNow(round);
    // A life that was never ready may have begun to collect at any moment until its end.
    const sentAtReady = (await starting) ?? this.#counter.sent;
    this.kills.push({ ...first, sentAtReady });
    await sleep(downMs);
    this.kills.push({ ...second, sentAtReady: await this.start() });
  }

  async #killNow(round: number): Promise<Omit<Kill, 'sentAtReady'>> {
    const killMs = performance.now();
    const sentAtKill = this.#counter.sent;
    await this.#program.stop('SIGKILL');
    const store = readStore(this.#storePath, Math.max(1, this.#nextSeq - READ_AGAIN));
    this.#nextSeq = store.nextSeq;
    this.#durable = Math.max(this.#durable, newestOf(store));
    const firstLost = Math.max(this.#durable, this.#sentAtReady) + 1;
    const lostSpanMs = firstLost > sentAtKill ? 0 : killMs - this.#counter.sentMs(firstLost);
    return { round, store, durable: this.#durable, lostSpanMs };
  }

  /** Resolves when all that it collected is accepted. The bus must be silent, and the link up. */
  async drained(): Promise<void> {
    const { collected } = await this.#status();
    await until('the agent to deliver its store', async () => {
      const { store, collected: now } = await this.#status();
      return now.commits >= collected.commits + COMMITS_TO_SETTLE && now.waitingBytes === 0 && store.batches === 0;
    });
  }

  /** An orderly stop; gives what the store then holds. */
  async stop(): Promise<StoreContents> {
    const status = await this.#program.stop();
    if (status !== 0) throw new Error(`the agent ended with ${status} when told to stop`);
    return readStore(this.#storePath);
  }

  async abandon(): Promise<void> {
    await this.#program.stop('SIGKILL');
  }

  get #storePath(): string {
    return join(this.#dataDir, 'store.db');
  }

  async #status(): Promise<AgentStatus> {
    const status = await askStatus(this.#dataDir);
    if (!status) throw new Error('the agent does not answer: it ended by itself');
    return status as AgentStatus;
  }
}

function newestOf({ batches, journaled }: { batches: readonly BatchRecord[]; journaled: readonly number[] }): number {
  let newest = 0;
  for (const { counts } of [...batches, { counts: journaled }])
    for (const count of counts) newest = Math.max(newest, count);
  return newest;
}
