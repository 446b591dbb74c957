import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embedSchema, sealBatch } from '@iot/batch';
import { isDamage } from '@iot/host/sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HistoryEngine } from '../../src/sinks/history/engine.ts';
import { SPEED } from '../support/batches.ts';
import { temporaryDirectory } from '../support/plane.ts';
import { entryOf, NOW_MS } from './support.ts';

function openEngine(): { engine: HistoryEngine; path: string } {
  const path = join(temporaryDirectory(), 'history.db');
  const engine = new HistoryEngine({ path, retainMs: 3_600_000, bytesMax: 64 * 1024 ** 2 });
  onTestFinished(() => engine.close());
  return { engine, path };
}

const entries = Array.from({ length: 400 }, (_, i) => entryOf(i + 1));

describe('damage that shows while it runs', () => {
  it('fails the delivery it shows in, and the repeat succeeds on a new file', () => {
    const { engine, path } = openEngine();
    engine.store(entries.slice(0, 200), NOW_MS);
    engine.read(({ db }) => {
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.pragma('shrink_memory');
    });
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, 4096));
    let error: unknown;
    try {
      engine.store(entries.slice(200), NOW_MS);
    } catch (thrown) {
      error = thrown;
    }
    expect(isDamage(error)).toBe(true);
    expect(engine.store(entries.slice(200), NOW_MS)).toEqual({ stored: 200, unreadable: 0 });
    expect(existsSync(`${path}.damaged-1`)).toBe(true);
    expect(engine.takeDamage()).toEqual([expect.stringContaining('damaged-1')]);
    expect(engine.takeDamage()).toEqual([]);
  });

  it('an error that is not damage leaves the file where it is', () => {
    const { engine, path } = openEngine();
    engine.store(entries.slice(0, 2), NOW_MS);
    expect(() => engine.read(({ db }) => db.exec('SELECT nothing'))).toThrow(/nothing/);
    expect(existsSync(`${path}.damaged-1`)).toBe(false);
    expect(engine.batchesAfter(new Uint8Array(), 0, 10)).toHaveLength(2);
  });
});

it('a body that does not decode is kept and counted, and holds up no other', () => {
  const { engine } = openEngine();
  const { head } = entries[0];
  const body = { codec: 0, bytes: Uint8Array.of(0x80), readings: 0 };
  const bytes = embedSchema(sealBatch({ ...head, seq: 900 }, SPEED.hash, body).bytes, SPEED);
  expect(engine.store([{ bytes, acceptedMs: NOW_MS }, entries[1]], NOW_MS)).toEqual({ stored: 2, unreadable: 1 });
  expect(engine.batchesAfter(new Uint8Array(), 0, 10).map(({ seq }) => seq)).toEqual([2, 900]);
  const timeMs = head.t0Us / 1000;
  expect(engine.read(({ reader }) => reader.series('taxi-12', 'Vehicle.Speed', timeMs, timeMs + 1, 9))?.mean).toEqual([
    0.2,
  ]);
});
