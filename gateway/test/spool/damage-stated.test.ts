import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { SeqRange } from '@iot/batch';
import { expect, it } from 'vitest';
import { subtract } from '../../src/ledger/ranges.ts';
import { SPOOL_BOUNDS } from '../../src/spool/api.ts';
import { SpoolStore } from '../../src/spool/store.ts';
import { idOf, statementOf } from '../support/batches.ts';
import { temporaryDirectory } from '../support/plane.ts';

const PAGE_BYTES = 4096;
const EPOCH = idOf('epoch-1');
const NEXT_SEQ = 2001;
/** Every other seq, so that the sum fills pages of its own. */
const SAID = Array.from({ length: NEXT_SEQ / 2 - 1 }, (_, i): SeqRange => [2 * i + 1, 2 * i + 1]);

function openStore(path: string): SpoolStore {
  return new SpoolStore({ path, sinks: ['history'], bounds: { ...SPOOL_BOUNDS, freeBytesMin: 0 } });
}

/** A closed spool that heard all of SAID in four windows. */
function madeSpool(): string {
  const path = join(temporaryDirectory(), 'spool.sqlite');
  const store = openStore(path);
  for (let at = 0; at < SAID.length; at += 250) {
    const bytes = statementOf({ epoch: EPOCH, nextSeq: NEXT_SEQ, accepted: SAID.slice(at, at + 250) });
    const write = { kind: 'statement', unit: 'unit-1', vehicle: 'taxi-12', epoch: EPOCH, bytes, heardMs: at } as const;
    expect(store.commit([write])).toEqual(['stored']);
  }
  store.close();
  return path;
}

it('what statements add up to outlives damage elsewhere, and where it is hit itself the ledger still answers', () => {
  const whole: boolean[] = [];
  const pages = statSync(madeSpool()).size / PAGE_BYTES;
  for (let page = 0; page < pages; page++) {
    const path = madeSpool();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, page * PAGE_BYTES);
    closeSync(file);
    const store = openStore(path);
    const known = store.epochs('unit-1')[0]?.stated?.account.accepted ?? [];
    expect(subtract(known, SAID)).toEqual([]);
    whole.push(subtract(SAID, known).length === 0);
    const bytes = statementOf({ epoch: EPOCH, nextSeq: NEXT_SEQ, accepted: SAID.slice(-1) });
    const write = { kind: 'statement', unit: 'unit-1', vehicle: 'taxi-12', epoch: EPOCH, bytes, heardMs: 1 } as const;
    expect(store.commit([write])).toEqual(['stored']);
    expect(subtract(SAID.slice(-1), store.epochs('unit-1')[0].stated!.account.accepted)).toEqual([]);
    store.close();
  }
  expect(whole.filter((is) => is).length).toBeGreaterThan(pages / 2);
  expect(whole).toContain(false);
}, 60_000);
