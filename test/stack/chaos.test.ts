import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectNothingLost, seedOf } from '../chaos/suite.ts';
import { Broker } from './broker.ts';

/** 50 in all, half under each rule of acknowledgement. */
const ROUNDS = 25;

let folder: string;
let broker: Broker;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'odograph-kafka-'));
  broker = await Broker.create(join(folder, 'broker'));
  await broker.start();
});
afterAll(async () => {
  await broker?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('agent, link, gateway and a real Kafka that fail at random', () => {
  it.each(['spool', 'kafka'] as const)(
    `${ROUNDS} rounds with ack: %s: every committed reading arrives in history and in Kafka, and the ledger has no unexplained number`,
    { timeout: 400_000 },
    (ack) =>
      expectNothingLost(ROUNDS, {
        seed: seedOf(process.env, Math.random),
        kafka: { broker, topic: `chaos-${ack}`, ack },
      }),
  );
});
