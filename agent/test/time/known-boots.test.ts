import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ClockMapping } from '../../src/ports.ts';
import { KnownBoots } from '../../src/time/known-boots.ts';

const mapping = (boot: number, offsetUs: number): ClockMapping => ({
  boot: new Uint8Array(16).fill(boot),
  source: 'gnss',
  offsetUs,
  uncertaintyUs: 100_000,
});
const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'odograph-boots-')), 'clock.json');

it('remembers boots over restarts, the present one first, each once', () => {
  const path = newPath();
  new KnownBoots(path).note(mapping(1, 1e15));
  const second = new KnownBoots(path);
  second.note(mapping(2, 2e15));
  second.note(mapping(2, 3e15));
  expect(new KnownBoots(path).mappings).toEqual([mapping(2, 3e15), mapping(1, 1e15)]);
});

it('does not write for what moved little', () => {
  const path = newPath();
  const boots = new KnownBoots(path);
  boots.note(mapping(1, 1e15));
  boots.note(mapping(1, 1e15 + 10));
  expect(boots.mappings).toEqual([mapping(1, 1e15 + 10)]);
  expect(new KnownBoots(path).mappings).toEqual([mapping(1, 1e15)]);
});

it.each(['', '{}', '[{"boot":"zz"}]', '[1]'])('takes a damaged file (%s) as knowing nothing', (text) => {
  const path = newPath();
  writeFileSync(path, text);
  expect(new KnownBoots(path).mappings).toEqual([]);
});
