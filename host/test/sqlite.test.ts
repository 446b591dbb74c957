import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDamage, isFull, openDatabase } from '../src/sqlite.ts';

const migrations = ['CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT) STRICT'];

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odograph-sqlite-'));
  path = join(folder, 'test.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A closed database of some hundred pages. */
function filled(): void {
  const database = openDatabase(path, { migrations });
  const insert = database.prepare('INSERT INTO note (text) VALUES (?)');
  for (let i = 0; i < 200; i++) insert.run('x'.repeat(3000));
  database.close();
}

describe('openDatabase', () => {
  it('makes commits durable before they return', () => {
    const database = openDatabase(path, { migrations });
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
    database.close();
  });

  it('runs each migration once, and only the missing ones', () => {
    openDatabase(path, { migrations }).close();
    const database = openDatabase(path, { migrations: [...migrations, 'ALTER TABLE note ADD COLUMN more TEXT'] });
    expect(database.pragma('user_version', { simple: true })).toBe(2);
    database.close();
  });

  it('leaves a file that a migration fails on as it was', () => {
    openDatabase(path, { migrations }).close();
    const broken = [...migrations, 'CREATE TABLE half (a); INSERT INTO nowhere VALUES (1)'];
    expect(() => openDatabase(path, { migrations: broken })).toThrow(/nowhere/);
    const database = openDatabase(path, { migrations });
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'").get()).toEqual({ n: 0 });
    database.close();
  });

  it('refuses a file of a newer program', () => {
    openDatabase(path, { migrations: [...migrations, 'SELECT 1'] }).close();
    expect(() => openDatabase(path, { migrations })).toThrow(
      expect.objectContaining({ code: 'host/database-newer', message: expect.stringContaining('version 2') }),
    );
  });

  it('keeps the log within its bound', () => {
    const database = openDatabase(path, { migrations, walBytes: 256 * 1024 });
    const insert = database.prepare('INSERT INTO note (text) VALUES (?)');
    for (let i = 0; i < 500; i++) insert.run('x'.repeat(3000));
    expect(statSync(`${path}-wal`).size).toBeLessThan(300 * 1024);
    database.close();
  });

  it('gives an error that isFull knows where the bound of the file is reached', () => {
    const database = openDatabase(path, { migrations });
    database.pragma('max_page_count = 20');
    const insert = database.prepare('INSERT INTO note (text) VALUES (?)');
    let error: unknown;
    try {
      for (let i = 0; i < 100; i++) insert.run('x'.repeat(3000));
    } catch (thrown) {
      error = thrown;
    }
    expect(isFull(error)).toBe(true);
    expect(isDamage(error)).toBe(false);
    database.close();
  });
});

describe('damage is found at open', () => {
  it.each([
    { name: 'truncated', harm: () => truncateSync(path, 8192) },
    { name: 'garbage', harm: () => writeFileSync(path, 'this is no database '.repeat(1000)) },
    {
      name: 'a page overwritten',
      harm: () => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 2 * 4096, 3 * 4096);
        writeFileSync(path, bytes);
      },
    },
  ])('$name', ({ harm }) => {
    filled();
    harm();
    let error: unknown;
    try {
      openDatabase(path, { migrations }).close();
    } catch (thrown) {
      error = thrown;
    }
    expect(isDamage(error)).toBe(true);
    expect((error as Error).message).toContain(path);
  });
});
