import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock, parseAgentConfig, startAgent } from '@iot/agent';
import { decodeBatch } from '@iot/batch';
import { gatewayConfig, HistorySink, startGateway } from '@iot/gateway';
import { createLogger } from '@iot/host';
import { untilDrained } from './until-drained.ts';

/** One message, one signal: `Counter.Value`. */
export const COUNTER_DBC = 'BO_ 256 Counter: 8 X\n SG_ Value : 0|32@1+ (1,0) [0|0] "" X\n';
const FRAMES_PER_BATCH = 4;

/** candump lines that count from `first`, four a second: with batches of a second, four values in each. */
export function counterLines(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const value = Buffer.alloc(8);
    value.writeUInt32LE(first + i);
    const seconds = 1.7e9 + (first + i) / FRAMES_PER_BATCH;
    return `(${seconds.toFixed(6)}) can0 100#${value.toString('hex').toUpperCase()}\n`;
  });
}

const log = createLogger('test', 'silent');
const clock = {
  nowMs: () => Date.now(),
  setTimer: (delayMs: number, run: () => void) => stopper(setTimeout(run, delayMs)),
};
const stopper = (timer: NodeJS.Timeout) => () => clearTimeout(timer);

/** A gateway and a unit's store in one process, small enough to be copied, lost and restored between the runs of a test. */
export class LittleFleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'odograph-fleet-'));
  #gateway: Awaited<ReturnType<typeof startGateway>> | undefined;
  #port = 0;
  #runs = 0;

  async startGateway(): Promise<void> {
    const config = gatewayConfig.parse({ dataDir: join(this.folder, 'gateway'), mqtt: [{ port: this.#port }] });
    this.#gateway = await startGateway({
      config,
      configFile: join(this.folder, 'gateway.yaml'),
      clock,
      random: Math.random,
      log,
    });
    this.#port = Number(new URL(this.#gateway.addresses.mqtt[0]).port);
  }

  async stopGateway(): Promise<void> {
    await this.#gateway?.stop();
    this.#gateway = undefined;
  }

  /** Directory of a store of that name. */
  store(name: string): string {
    return join(this.folder, name);
  }

  copyStore(from: string, to: string): void {
    cpSync(this.store(from), this.store(to), { recursive: true, filter: (path) => !path.endsWith('.sock') });
  }

  /** Runs an agent on a store: it counts from `first`, `batches` batches of 4, and stops once they are delivered (or stored). */
  async run(
    store: string,
    machineId: string,
    first: number,
    batches: number,
    more: { deliver?: boolean; bytesMax?: number; unit?: string } = {},
  ): Promise<void> {
    const recording = join(this.folder, `run-${this.#runs++}.log`);
    writeFileSync(recording, counterLines(first, batches * FRAMES_PER_BATCH).join(''));
    writeFileSync(join(this.folder, 'counter.dbc'), COUNTER_DBC);
    const text = JSON.stringify({
      unit: more.unit ?? 'unit-1',
      vehicle: 'CAB-1',
      dataDir: this.store(store),
      batch: { live: '1s', backlog: '1s' },
      gateway: { address: `mqtt://127.0.0.1:${this.#port}`, reconnect: { first: '50ms', max: '200ms' } },
      buses: [{ name: 'can0', driver: 'replay', file: recording, speed: 'max', stamp: 'log', dbc: ['counter.dbc'] }],
      store: { commit: '50ms', ...(more.bytesMax && { bytesMax: more.bytesMax }) },
    });
    const config = await parseAgentConfig(text, 'test');
    const agent = await startAgent({
      config,
      configFile: join(this.folder, 'agent.yaml'),
      machineId,
      clock: createSystemClock(),
      random: Math.random,
      log,
    });
    await agent.ended;
    if (more.deliver !== false) await untilDrained(config.dataDir);
    await agent.stop();
  }

  /** Epochs of a unit as the running gateway's ledger has them. */
  ledger(unit: string) {
    return this.#gateway!.ledger(unit);
  }

  /** Epochs of a unit as the gateway's ledger has them, and the counter values of all units in its history; stops it. */
  async verdict(unit = 'unit-1') {
    const ledger = await this.ledger(unit);
    await this.stopGateway();
    const history = await HistorySink.open({
      path: join(this.folder, 'gateway/history.db'),
      retainMs: 1e12,
      bytesMax: 1e12,
      clock,
      log,
    });
    const values: number[] = [];
    await history.export((bytes) => {
      for (const rows of decodeBatch(bytes, () => undefined).tables)
        if (rows.def.name === 'Counter')
          values.push(...Array.from({ length: rows.count }, (_, row) => rows.physical(row, 0)!));
    });
    await history.close();
    return { ledger, values: values.sort((one, other) => one - other) };
  }
}
