import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@iot/agent';
import { describeStore } from './store.ts';
import { PRESENT_BOOT } from './store-batches.ts';

describeStore('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'odograph-contract-'));
  return {
    open: () =>
      openStore({
        path: join(folder, 'store.db'),
        unit: 'unit-1',
        vehicle: 'car-1',
        machineId: 'machine-1',
        bootId: PRESENT_BOOT,
        bytesMax: 16 * 1024 ** 2,
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});
