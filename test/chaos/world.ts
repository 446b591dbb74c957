import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Link } from '../sim/links.ts';
import { Program, runToEnd } from '../sim/process.ts';
import { type Broker, freePort, readTopic } from '../stack/broker.ts';
import { UNIT, writeAgentConfig, writeGatewayConfig } from './configs.ts';
import { CounterBus } from './counter.ts';
import type { BatchRecord, Evidence, LedgerEpoch } from './evidence.ts';
import type { Fault, Target } from './plan.ts';
import { readArrival, readHistory } from './read.ts';
import { Unit } from './unit.ts';
import { until } from './until.ts';

const GATEWAY = 'gateway/src/main.ts';
/** Each way. As a mobile network's, and so long that cuts find batches and acknowledgements under way. */
const LINK_DELAY_MS = 120;
const LOG_LINES_SHOWN = 40;

/** What is asked of a running gateway. */
interface Status {
  readonly spool: { readonly entries: number };
}

export interface WorldOptions {
  readonly seed: number;
  /** A running broker: with it, the gateway delivers to Kafka too. */
  readonly kafka?: { readonly broker: Broker; readonly topic: string; readonly ack: 'spool' | 'kafka' };
}

/** A counting bus, an agent, a link and a gateway, each a process of its own where it is a program of ours. */
export class World {
  readonly folder: string;
  readonly #options: WorldOptions;
  readonly #sockets: string;
  readonly #counter: CounterBus;
  readonly #link: Link;
  readonly #gateway: Program;
  readonly #gatewayConfig: string;
  readonly #unit: Unit;
  #sentAtFirstReady = 0;

  private constructor(folder: string, options: WorldOptions, counter: CounterBus, link: Link, gatewayPort: number) {
    const { kafka } = options;
    this.#sockets = dirname(counter.path);
    this.folder = folder;
    this.#options = options;
    this.#counter = counter;
    this.#link = link;
    this.#gatewayConfig = writeGatewayConfig(folder, gatewayPort, kafka && { ...kafka, address: kafka.broker.address });
    this.#gateway = new Program(GATEWAY, ['run', '--config', this.#gatewayConfig]);
    const agentConfig = writeAgentConfig(folder, link.port, counter.path, counter.dbcFile);
    this.#unit = new Unit(agentConfig, join(folder, 'agent'), counter);
  }

  /** Everything is started, and the bus counts. Files go to `folder`, which is made. */
  static async open(folder: string, options: WorldOptions): Promise<World> {
    mkdirSync(folder, { recursive: true });
    // A local socket's path may have 107 bytes: `folder` can lie deeper than that.
    const sockets = mkdtempSync(join(tmpdir(), 'odograph-'));
    const counter = await CounterBus.open(join(sockets, 'can'), join(folder, 'counter.dbc'), options.seed);
    const port = await freePort();
    const link = await Link.listen({ unit: UNIT, to: { host: '127.0.0.1', port }, delayMs: LINK_DELAY_MS });
    const world = new World(folder, options, counter, link, port);
    try {
      await world.#gateway.start();
      world.#sentAtFirstReady = await world.#unit.start();
      counter.start();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  get targets(): readonly Target[] {
    return this.#options.kafka ? ['link', 'agent', 'gateway', 'broker'] : ['link', 'agent', 'gateway'];
  }

  /** Resolves when what failed is back. One fault of a target at a time. @throws where a program ended by itself */
  async suffer({ round, target, how, downMs, relapseMs }: Fault): Promise<void> {
    switch (target) {
      case 'link':
        this.#link.cut(how === 'silent' ? 'silent' : 'reset');
        await sleep(downMs);
        this.#link.restore();
        return;
      case 'agent':
        return await this.#unit.kill(round, downMs, relapseMs);
      case 'gateway':
        if (!this.#gateway.running) throw new Error('the gateway ended by itself');
        return await this.#killGateway(downMs, relapseMs);
      case 'broker':
        await this.#options.kafka!.broker.stop('SIGKILL');
        await sleep(downMs);
        await this.#options.kafka!.broker.start();
        return;
    }
  }

  /** Stops the bus and waits until all is delivered; then stops everything and gathers what the judge looks at. */
  async finish(): Promise<Evidence> {
    this.#counter.stop();
    await this.#unit.drained();
    const final = await this.#unit.stop();
    await until(
      'the gateway to deliver its spool',
      async () => (await this.#ask<Status>('status')).spool.entries === 0,
    );
    const status = await this.#gateway.stop();
    if (status !== 0) throw new Error(`the gateway ended with ${status} when told to stop`);
    const ledger = await this.#ask<Readonly<Record<string, readonly LedgerEpoch[]>>>('ledger');
    const history = await readHistory(join(this.folder, 'gateway/history.db'));
    return {
      kills: this.#unit.kills,
      sentAtFirstReady: this.#sentAtFirstReady,
      sentAtEnd: this.#counter.sent,
      final,
      sinks: [{ name: 'history', mayRepeat: false, arrivals: history }, ...this.#kafkaArrivals()],
      ledger: ledger[UNIT] ?? [],
    };
  }

  /** The newest lines that each program said, for the report of a failure. */
  get logs(): string {
    const tail = (lines: readonly string[]): string => lines.slice(-LOG_LINES_SHOWN).join('\n');
    return `agent:\n${tail(this.#unit.log)}\ngateway:\n${tail(this.#gateway.log)}`;
  }

  /** Ends whatever still runs. The files stay. */
  async close(): Promise<void> {
    this.#counter.stop();
    await this.#unit.abandon();
    await this.#gateway.stop('SIGKILL');
    await this.#link.close();
    await this.#counter.close();
    rmSync(this.#sockets, { recursive: true, force: true });
  }

  async #killGateway(downMs: number, relapseMs: number | undefined): Promise<void> {
    await this.#gateway.stop('SIGKILL');
    await sleep(downMs);
    const ready = this.#gateway.start();
    if (relapseMs !== undefined) {
      ready.catch(() => {});
      await sleep(relapseMs);
      return await this.#killGateway(downMs, undefined);
    }
    await ready;
  }

  #kafkaArrivals(): { name: string; mayRepeat: boolean; arrivals: readonly BatchRecord[] }[] {
    const { kafka } = this.#options;
    if (!kafka) return [];
    const records = readTopic(kafka.broker.address, kafka.topic);
    return [{ name: 'kafka', mayRepeat: true, arrivals: records.map(({ value }) => readArrival(value)) }];
  }

  async #ask<Answer>(question: 'status' | 'ledger'): Promise<Answer> {
    const { stdout, stderr } = await runToEnd(GATEWAY, [question, '--json', '--config', this.#gatewayConfig]);
    if (stdout === '') throw new Error(`odograph-gateway ${question} gave no answer: ${stderr}`);
    return JSON.parse(stdout) as Answer;
  }
}
