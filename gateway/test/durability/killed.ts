import { writeSync } from 'node:fs';
import { batchOf, SPEED } from '../support/batches.ts';
import { openDataPlane } from './data-plane.ts';

/**
 * A gateway's data plane that accepts batches until it is killed. A line on standard output for each that was told
 * `accepted`: `<seq> new` or `<seq> duplicate`. Arguments: directory, first seq, how many are under way at a time.
 */
const [directory, first, underWay] = process.argv.slice(2);
const { acceptor, delivery } = await openDataPlane(directory);
await acceptor.accept('schema', 'unit-1', SPEED.bytes);
delivery.start();

let next = Number(first);
async function acceptOneAfterTheOther(): Promise<never> {
  for (;;) {
    const seq = next++;
    const verdict = await acceptor.accept('batch', 'unit-1', batchOf(seq, { values: [seq, seq + 1] }));
    if (verdict.kind !== 'accepted') throw new Error(`seq ${seq}: ${JSON.stringify(verdict)}`);
    writeSync(1, `${seq} ${verdict.duplicate ? 'duplicate' : 'new'}\n`);
  }
}
await Promise.all(Array.from({ length: Number(underWay) }, acceptOneAfterTheOther));
