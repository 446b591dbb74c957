import { performance } from 'node:perf_hooks';
import { deflateRawSync } from 'node:zlib';
import { bytesOf, decodeBatch, makeSchema, sealBatch } from '@iot/batch';
import { isDecodeError } from '@iot/wire';

/** What a batch made to hurt costs the one who reads it: ms until it is refused. */
export function measureBombs(): { name: string; ms: number; code: string }[] {
  const schema = makeSchema([{ name: 't', bus: 'can0', signals: [] }]);
  const head = {
    unit: 'u',
    vehicle: 'v',
    epoch: new Uint8Array(16),
    seq: 1,
    lane: 'live' as const,
    clock: { source: 'none' as const, uncertaintyUs: 0 },
    t0Us: 0,
  };
  const seal = (bytes: Uint8Array, codec: number) => sealBatch(head, schema.hash, { codec, bytes, readings: 0 }).bytes;
  const bombs: [name: string, bytes: Uint8Array][] = [
    ['60,000 nested arrays', new Uint8Array(60_000).fill(0x81)],
    ['60 kB bignum', Buffer.concat([bytesOf('84c259ea60'), Buffer.alloc(60_000, 0xff)])],
    ['array of 2^32', bytesOf('9affffffff')],
    ['2^31 rows in 20 bytes', seal(bytesOf('8242c44044ffffff7f'), 0)],
    ['DEFLATE of 50 MB', seal(deflateRawSync(Buffer.alloc(50_000_000), { level: 9 }), 1)],
    ['1,000,000 nested arrays, deflated', seal(deflateRawSync(Buffer.alloc(1_000_000, 0x81), { level: 9 }), 1)],
  ];
  return bombs.map(([name, bytes]) => ({ name, ...refusal(bytes) }));
}

/** Median of eleven. */
function refusal(bytes: Uint8Array): { ms: number; code: string } {
  const runs = Array.from({ length: 11 }, () => {
    const start = performance.now();
    try {
      decodeBatch(bytes, () => makeSchema([{ name: 't', bus: 'can0', signals: [] }]));
    } catch (error) {
      if (isDecodeError(error)) return { ms: performance.now() - start, code: error.code };
      throw error;
    }
    throw new Error('a bomb was accepted');
  });
  return runs.sort((a, b) => a.ms - b.ms)[5];
}
