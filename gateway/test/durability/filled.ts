import { writeSync } from 'node:fs';
import { embedSchema, readHead } from '@iot/batch';
import { SPOOL_BOUNDS } from '../../src/spool/api.ts';
import { SpoolStore } from '../../src/spool/store.ts';
import { batchOf, SPEED } from '../support/batches.ts';

/**
 * Accepts batches until there is no room, in a process whose files may not grow beyond a limit: writes fail midway, as
 * on a full disk. A line on standard output for each outcome. Arguments: file, how many batches.
 */
const [path, count] = process.argv.slice(2);
const store = new SpoolStore({ path, sinks: ['history'], bounds: { ...SPOOL_BOUNDS, freeBytesMin: 0 } });
for (let seq = 1; seq <= Number(count); seq++) {
  const values = Array.from({ length: 500 }, (_, i) => (seq * 7919 + i * i * 31) % 100_000);
  const bytes = embedSchema(batchOf(seq, { values }), SPEED);
  const { unit, vehicle, epoch, digest, lane } = readHead(bytes);
  const write = { kind: 'batch', unit, vehicle, epoch, seq, digest, lane, bytes, acceptedMs: seq } as const;
  writeSync(1, `${seq} ${store.commit([write])[0]}\n`);
}
