import { isDamage, openDatabase, type SqliteDatabase } from '@iot/host/sqlite';
import type { DamageReport } from './api.ts';
import { MIGRATIONS } from './layout.ts';
import { salvage } from './salvage.ts';
import { setAside } from './set-aside.ts';
import type { SpoolStoreOptions } from './store.ts';

/** Memory for pages: the spool's live end is read back by the sinks while it is warm. */
const CACHE_BYTES = 32 * 1024 ** 2;
const WAL_BYTES = 16 * 1024 ** 2;

/**
 * Opens the spool's file, or makes it. A damaged one is set aside, and what reads of it goes into a new one, so that
 * damage never keeps a gateway from starting. @throws what is not damage: no permission, disk full, a newer version,
 * another gateway that has the file.
 */
export function openSpoolFile({ path, ...rest }: SpoolStoreOptions): { db: SqliteDatabase; report?: DamageReport } {
  const options = { migrations: MIGRATIONS, cacheBytes: CACHE_BYTES, walBytes: WAL_BYTES, exclusive: true };
  try {
    return { db: openDatabase(path, options) };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'SQLITE_BUSY')
      throw new Error(`${path} is open in another process: stop that gateway first, or give this one its own dataDir`, {
        cause: error,
      });
    if (!isDamage(error)) throw error;
    const target = setAside(path);
    const db = openDatabase(path, options);
    const saved = salvage(target, db, rest);
    return { db, report: { detail: (error as Error).message, setAside: target, ...saved } };
  }
}
