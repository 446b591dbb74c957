import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readHead } from '@iot/batch';
import { expect, it } from 'vitest';
import { SPOOL_BOUNDS } from '../../src/spool/api.ts';
import { SpoolStore } from '../../src/spool/store.ts';
import { temporaryDirectory } from '../support/plane.ts';

const BATCHES = 400;
/** In the shell's blocks of 1024 bytes. */
const FILE_BLOCKS_MAX = 300;

it('where the disk is full nothing is accepted and nothing that was is lost; with room it goes on', () => {
  const path = join(temporaryDirectory(), 'spool.db');
  const child = join(import.meta.dirname, 'filled.ts');
  const script = `ulimit -f ${FILE_BLOCKS_MAX} && exec "$0" --conditions=source "$1" "$2" "$3"`;
  const args = ['-c', script, process.execPath, child, path, String(BATCHES)];
  const outcomes = execFileSync('bash', args, { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  expect(new Set(outcomes.map(([, outcome]) => outcome))).toEqual(new Set(['stored', 'full']));
  const stored = outcomes.filter(([, outcome]) => outcome === 'stored').map(([seq]) => Number(seq));

  const store = new SpoolStore({ path, sinks: ['history'], bounds: { ...SPOOL_BOUNDS, freeBytesMin: 0 } });
  expect(store.takeReports()).toEqual([]);
  const entries = store.next('history', 1e9, BATCHES);
  expect(entries.map(({ bytes }) => readHead(bytes).seq).sort((a, b) => a - b)).toEqual(stored);
  const [{ accepted }] = store.epochs('unit-1');
  expect(accepted.reduce((sum, [first, last]) => sum + last - first + 1, 0)).toBe(stored.length);
  const [confirmed] = store.commit([{ kind: 'confirm', sink: 'history', positions: entries.map((e) => e.position) }]);
  expect(confirmed).toBe('stored');
  expect(store.status()).toMatchObject({ entries: 0, bytes: 0 });
  store.close();
}, 30_000);
