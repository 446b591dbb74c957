import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeLog } from '../../src/collect/log-decoder.ts';
import { type SignalStatistics, Statistics } from '../../src/collect/statistics.ts';
import { readDbc } from '../../src/files.ts';

const recordings = resolve(import.meta.dirname, '../../../../shared/recordings');

describe.skipIf(!existsSync(recordings))('recordings of real vehicles (../shared/recordings)', () => {
  it.each([
    { log: 'car-obd2-gps', dbcs: ['canmod-gps.dbc'] },
    { log: 'truck-j1939-gps', dbcs: ['canmod-gps.dbc', 'CSS-Electronics-SAE-J1939-DEMO.dbc'] },
    // The UDS file describes reassembled payloads: none of its signals may come out of single frames.
    { log: 'ev-uds-gps', dbcs: ['canmod-gps.dbc', 'tp_uds_nissan.dbc'] },
  ])('$log decodes to what cantools makes of it', async ({ log, dbcs }) => {
    const expected = JSON.parse(readFileSync(join(recordings, `${log}.expect.json`), 'utf8'));
    const statistics = new Statistics();
    const counts = await decodeLog(join(recordings, `${log}.log.gz`), {
      databases: dbcs.map((file) =>
        readDbc(join(recordings, file), (_file, problem) => expect(problem).toBeUndefined()),
      ),
      onRow: (rows) => statistics.add(rows),
      onDamage: (error) => expect(error).toBeUndefined(),
    });
    expect([counts.frames, statistics.readings]).toEqual([expected.frames, expected.readings]);
    expect([...statistics.signals.keys()].sort()).toEqual(Object.keys(expected.signals).sort());
    for (const [name, { sum, ...exact }] of Object.entries(expected.signals as Record<string, SignalStatistics>)) {
      const found = statistics.signals.get(name)!;
      expect({ name, ...found }).toMatchObject({ name, ...exact });
      expect(Math.abs(found.sum - sum)).toBeLessThanOrEqual(1e-9 * Math.abs(sum));
    }
  });
});
