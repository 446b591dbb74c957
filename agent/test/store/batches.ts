import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { StoreOptions } from '../../src/store/open.ts';
import { ALL_LANES, BOOT } from './shapes.ts';

export { BOOT, batchAt, EARLIER_BOOT, SCHEMA } from './shapes.ts';

/** A folder that is gone after the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'odograph-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function optionsIn(folder: string, change: Partial<StoreOptions> = {}): StoreOptions {
  return {
    path: join(folder, 'store.db'),
    unit: 'unit-1',
    vehicle: 'car-1',
    machineId: 'machine-1',
    bootId: BOOT,
    bytesMax: 64 * 1024 ** 2,
    ...change,
  };
}

export const OFFER_ALL = {
  limit: 1000,
  lanes: ALL_LANES,
  inFlight: [],
  mappings: [{ boot: BOOT, source: 'gnss', offsetUs: 1_700_000_000_000_000, uncertaintyUs: 50 }],
  waitedOutUs: 0,
  bytesMax: 128 * 1024,
} as const;
