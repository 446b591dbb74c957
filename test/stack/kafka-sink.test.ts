import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHead } from '@iot/batch';
import { KafkaSink } from '@iot/gateway';
import { createLogger } from '@iot/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker, freePort, readTopic } from './broker.ts';
import { entryOf } from './entries.ts';

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.create(join(mkdtempSync(join(tmpdir(), 'odograph-kafka-')), 'broker'));
  await broker.start();
});
afterAll(() => broker?.stop('SIGKILL'));

function sinkOf(address: string, topic: string, compression: 'none' | 'gzip' | 'lz4' | 'zstd' = 'zstd'): KafkaSink {
  const log = createLogger('test', 'silent');
  return new KafkaSink({
    brokers: [address],
    clientId: 'test',
    topic,
    statementsTopic: `${topic}.statements`,
    compression,
    tls: undefined,
    sasl: undefined,
    log,
  });
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('KafkaSink on a real broker', () => {
  it.each(['none', 'gzip', 'lz4', 'zstd'] as const)(
    '%s: key, headers and value are what kcat reads',
    async (compression) => {
      const sink = sinkOf(broker.address, `plain-${compression}`, compression);
      await sink.deliver([entryOf('cab-1', 1), entryOf('cab-2', 1)]);
      await sink.close();
      const records = readTopic(broker.address, `plain-${compression}`);
      expect(records.map((record) => record.key).sort()).toEqual(['cab-1', 'cab-2']);
      for (const { key, headers, value } of records) {
        const head = readHead(value);
        expect(head.schemaBytes).toBeDefined();
        expect(headers).toEqual({
          unit: key,
          epoch: Buffer.from(head.epoch).toString('hex'),
          seq: '1',
          digest: head.digest,
          lane: 'live',
        });
      }
    },
  );

  it('loses and reorders nothing of one vehicle under concurrent deliveries', async () => {
    const sink = sinkOf(broker.address, 'concurrent');
    await Promise.all(range(300).map((seq) => sink.deliver([entryOf('cab-1', seq)])));
    await sink.close();
    expect(readTopic(broker.address, 'concurrent').map((record) => Number(record.headers.seq))).toEqual(range(300));
  });

  it('says what is wrong while nothing listens, and never claims a delivery', async () => {
    const port = await freePort();
    const sink = sinkOf(`127.0.0.1:${port}`, 'nowhere');
    await expect(sink.deliver([entryOf('cab-1', 1)])).rejects.toThrow(/does not take batches/);
    expect(sink.health()).toMatchObject({ state: 'down', detail: expect.stringContaining(String(port)) });
    await sink.close();
  });

  it('delivers again after the broker was killed and came back', async () => {
    const sink = sinkOf(broker.address, 'killed');
    await sink.deliver([entryOf('cab-1', 1)]);
    await broker.stop('SIGKILL');
    await expect(sink.deliver([entryOf('cab-1', 2)])).rejects.toThrow();
    await broker.start();
    for (let attempt = 0; ; attempt++) {
      try {
        await sink.deliver([entryOf('cab-1', 2)]);
        break;
      } catch (error) {
        if (attempt === 30) throw error;
      }
    }
    await sink.close();
    const seqs = readTopic(broker.address, 'killed').map((record) => Number(record.headers.seq));
    expect([...new Set(seqs)]).toEqual([1, 2]);
  });
});
