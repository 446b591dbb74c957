import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { embedSchema, hexOf, readHead } from '@iot/batch';
import { describe, expect, it } from 'vitest';
import { type DamageReport, SPOOL_BOUNDS } from '../../src/spool/api.ts';
import { SpoolDamagedError, SpoolStore } from '../../src/spool/store.ts';
import type { BatchWrite } from '../../src/spool/writes.ts';
import { batchOf, idOf, SPEED } from '../support/batches.ts';
import { temporaryDirectory } from '../support/plane.ts';

const PAGE_BYTES = 4096;
const BATCHES = 200;

function openStore(path: string): SpoolStore {
  return new SpoolStore({ path, sinks: ['history'], bounds: { ...SPOOL_BOUNDS, freeBytesMin: 0 } });
}

function writeOf(seq: number): BatchWrite {
  const values = Array.from({ length: 200 }, (_, i) => (seq * 7919 + i * i * 31) % 100_000);
  const bytes = embedSchema(batchOf(seq, { values }), SPEED);
  const { unit, vehicle, epoch, digest, lane } = readHead(bytes);
  return { kind: 'batch', unit, vehicle, epoch, seq, digest, lane, bytes, acceptedMs: seq };
}

/** A closed spool with BATCHES entries, on one file. */
function madeSpool(batches = BATCHES): { path: string; gateway: string; lastPosition: number } {
  const path = join(temporaryDirectory(), 'spool.sqlite');
  const store = openStore(path);
  for (let seq = 1; seq <= batches; seq++) expect(store.commit([writeOf(seq)])).toEqual(['stored']);
  const [newest] = store.next('history', 1, 1);
  const { gateway } = store;
  store.close();
  return { path, gateway, lastPosition: newest.position };
}

function overwritePages(path: string, first: number, count: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(count * PAGE_BYTES, 0xa5), 0, count * PAGE_BYTES, first * PAGE_BYTES);
  closeSync(file);
}

/** What must hold whatever was damaged: the spool opens, and every seq that the ledger calls accepted will be delivered. */
function expectHonest(path: string, before: { gateway: string; lastPosition: number }): DamageReport | undefined {
  const store = openStore(path);
  const [report] = store.takeReports();
  if (report) {
    expect(existsSync(report.setAside)).toBe(true);
    expect(store.gateway).not.toBe(before.gateway);
  }
  const entries = store.next('history', 1e9, 1e6);
  const delivered = new Set(entries.map(({ bytes }) => readHead(bytes).seq));
  for (const epoch of store.epochs('unit-1')) {
    expect(hexOf(epoch.epoch)).toBe(hexOf(idOf('epoch-1')));
    for (const [first, last] of epoch.accepted)
      for (let seq = first; seq <= last; seq++) expect(delivered).toContain(seq);
  }
  for (const seq of delivered) expect(store.commit([writeOf(seq)])).toEqual(['duplicate']);
  expect(store.commit([writeOf(BATCHES + 1)])).toEqual(['stored']);
  const positions = store.next('history', 1, 1).map(({ position }) => position);
  if (!report || report.savedEntries > 0) expect(positions[0]).toBeGreaterThan(before.lastPosition);
  for (const seq of [1, BATCHES]) if (!delivered.has(seq)) expect(store.commit([writeOf(seq)])).toEqual(['stored']);
  store.close();
  return report;
}

describe('a damaged spool', () => {
  const pages = (part: number) => (path: string) => {
    overwritePages(path, Math.floor((statSync(path).size / PAGE_BYTES) * part), 3);
  };
  it.each([
    { name: 'pages-overwritten-near-the-start', damage: pages(0.15) },
    { name: 'pages-overwritten-in-the-middle', damage: pages(0.5) },
    { name: 'pages-overwritten-near-the-end', damage: pages(0.85) },
    {
      name: 'truncated-to-half',
      damage: (path: string) => truncateSync(path, Math.floor(statSync(path).size / PAGE_BYTES / 2) * PAGE_BYTES),
    },
    { name: 'truncated-within-a-page', damage: (path: string) => truncateSync(path, statSync(path).size - 1_000) },
    { name: 'header-overwritten', damage: (path: string) => overwritePages(path, 0, 1) },
    {
      name: 'no-database-at-all',
      damage: (path: string) => writeFileSync(path, 'this is no database, it only has its name'.repeat(200)),
    },
  ])('$name: is set aside, and the ledger calls accepted only what is there', ({ damage }) => {
    const made = madeSpool();
    damage(made.path);
    const report = expectHonest(made.path, made);
    expect(report?.setAside).toBe(`${made.path}.damaged-1`);
    expect(readdirSync(dirname(made.path))).toContain('spool.sqlite');
  });

  it('loses only what was on the damaged pages', () => {
    const made = madeSpool();
    pages(0.5)(made.path);
    const { savedEntries, lostEntries } = expectHonest(made.path, made)!;
    expect(savedEntries).toBeGreaterThan(BATCHES * 0.8);
    expect(savedEntries + lostEntries).toBe(BATCHES);
  });

  it('is honest whichever page is overwritten', () => {
    const pageCount = statSync(madeSpool(24).path).size / PAGE_BYTES;
    for (let page = 0; page < pageCount; page++) {
      const made = madeSpool(24);
      overwritePages(made.path, page, 1);
      expectHonest(made.path, made);
    }
  });

  it('is set aside beside an earlier one', () => {
    const made = madeSpool();
    for (const n of [1, 2]) {
      const bytes = readFileSync(made.path);
      writeFileSync(made.path, bytes.subarray(0, 5_000));
      const store = openStore(made.path);
      expect(store.takeReports()[0].setAside).toBe(`${made.path}.damaged-${n}`);
      store.commit([writeOf(n)]);
      store.close();
    }
  });

  it('under way is replaced by what reads, and the next question is answered', () => {
    const path = join(temporaryDirectory(), 'spool.sqlite');
    const large = (seq: number) => ({ ...writeOf(seq), lane: 'backlog', bytes: new Uint8Array(60_000) }) as const;
    // More than the page cache holds: the oldest must be read from the file again.
    const made = openStore(path);
    for (let seq = 1; seq <= 700; seq += 50) made.commit(Array.from({ length: 50 }, (_, i) => large(seq + i)));
    made.close();
    const store = openStore(path);
    expect(store.takeReports()).toEqual([]);
    overwritePages(path, 20, 2_000);
    expect(() => store.next('history', 1e6, 100)).toThrow(SpoolDamagedError);
    expect(store.takeReports()).toMatchObject([{ setAside: `${path}.damaged-1` }]);
    expect(store.commit([writeOf(BATCHES)])).toEqual(['stored']);
    expect(store.next('history', 1e6, 100)).toHaveLength(1);
    store.close();
  });

  it('an entry that was changed on the disk leaves spool and ledger and holds up no other', () => {
    const path = join(temporaryDirectory(), 'spool.sqlite');
    const store = openStore(path);
    store.commit([writeOf(1), writeOf(2), writeOf(3)]);
    const [, second] = store.next('history', 1e9, 10);
    expect(store.commit([{ kind: 'lost', positions: [second.position] }])).toEqual(['stored']);
    expect(store.next('history', 1e9, 10).map(({ bytes }) => readHead(bytes).seq)).toEqual([3, 1]);
    expect(store.epochs('unit-1')[0].accepted).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(store.commit([writeOf(2)])).toEqual(['stored']);
    store.close();
  });
});
