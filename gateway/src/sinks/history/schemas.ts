import { parseSchema, type Schema } from '@iot/batch';
import type { SqliteDatabase } from '@iot/host/sqlite';

/** Parsed schemas that are kept in memory: a fleet of one software has a handful. */
const PARSED_MAX = 64;

/** The history's schemas: each is stored once, however many batches are of it. */
export class Schemas {
  readonly #db: SqliteDatabase;
  readonly #parsed = new Map<number, Schema>();

  constructor(db: SqliteDatabase) {
    this.#db = db;
  }

  /** Row id of a schema, stored where it was not. */
  idOf(hash: string, bytes: Uint8Array): number {
    const known = this.#db.prepare('SELECT id FROM schema WHERE hash = ?').pluck().get(hash) as number | undefined;
    if (known !== undefined) return known;
    return Number(this.#db.prepare('INSERT INTO schema (hash, bytes) VALUES (?, ?)').run(hash, bytes).lastInsertRowid);
  }

  /** @throws Error where no such schema is stored. */
  get(id: number): Schema {
    const known = this.#parsed.get(id);
    const schema = known ?? this.#read(id);
    // Put last again: what was not asked for the longest is dropped.
    this.#parsed.delete(id);
    this.#parsed.set(id, schema);
    if (this.#parsed.size > PARSED_MAX) this.#parsed.delete(this.#parsed.keys().next().value!);
    return schema;
  }

  /** Drops those of which no batch is left. */
  prune(): void {
    this.#db.prepare('DELETE FROM schema WHERE NOT EXISTS (SELECT 1 FROM batch WHERE schema = schema.id)').run();
    this.#parsed.clear();
  }

  #read(id: number): Schema {
    const bytes = this.#db.prepare('SELECT bytes FROM schema WHERE id = ?').pluck().get(id) as Uint8Array | undefined;
    if (!bytes) throw new Error(`the history has batches of schema ${id}, and not the schema`);
    return parseSchema(bytes);
  }
}
