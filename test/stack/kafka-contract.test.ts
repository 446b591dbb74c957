import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaSink } from '@iot/gateway';
import { createLogger } from '@iot/host';
import { afterAll, beforeAll } from 'vitest';
import { describeSink } from '../contract/sink.ts';
import { Broker, readTopic } from './broker.ts';
import { entryOf } from './entries.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.create(join(mkdtempSync(join(tmpdir(), 'odograph-kafka-')), 'broker'));
  await broker.start();
});
afterAll(() => broker?.stop('SIGKILL'));

let topics = 0;

describeSink('Kafka', async () => {
  const topic = `contract-${++topics}`;
  return {
    keeps: 'repeats',
    entryOf,
    async open() {
      return new KafkaSink({
        brokers: [broker.address],
        clientId: 'test',
        topic,
        statementsTopic: `${topic}.statements`,
        compression: 'zstd',
        tls: undefined,
        sasl: undefined,
        log: createLogger('test', 'silent'),
      });
    },
    read: async () => readTopic(broker.address, topic).map(({ value }) => value),
    async remove() {},
  };
});
