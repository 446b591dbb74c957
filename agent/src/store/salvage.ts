import { parseSchema } from '@iot/batch';
import { openDamaged, preparing, type SqliteDatabase } from '@iot/host/sqlite';
import { isDecodeError } from '@iot/wire';
import { checksum } from './content.ts';
import { ACCEPTED, type ContentRow, PENDING } from './layout.ts';
import type { Queue } from './queue.ts';
import { type Fate, uncovered } from './ranges.ts';
import type { EpochRecord, Records, StoreRecord } from './records.ts';
import type { Sidecar } from './sidecar.ts';

/** Rows that are read at once; where that fails, they are read one by one. */
const CHUNK_ROWS = 64;
/** Ids to try past the high-water where the damage hides how far they go. */
const IDS_TRIED = 20_000;

/** A damaged store, open for reading what still reads. */
export class Wreck {
  readonly #db: SqliteDatabase | undefined;
  readonly #prepare: SqliteDatabase['prepare'] | undefined;

  constructor(path: string) {
    this.#db = openDamaged(path);
    this.#prepare = this.#db && preparing(this.#db);
  }

  close(): void {
    this.#db?.close();
  }

  /** Whose it was, where that still reads. */
  owner(): StoreRecord | undefined {
    return this.#try<StoreRecord>('SELECT unit, machine, generation, clean FROM store')[0];
  }

  /**
   * Copies what is whole: epochs with what became of their seqs, and pending batches and journal bodies whose checksum
   * is right. Numbers of which nothing is left become gaps `corrupt`. Without `bodies` only what became of them.
   */
  salvage(records: Records, queue: Queue, sidecar: Sidecar | undefined, bodies: boolean): void {
    const present = this.#epochs(records, sidecar);
    const schemas = this.#schemas(records);
    const idsMax = (sidecar?.highWater ?? 0) + IDS_TRIED;
    const survivors: Fate[] = [];
    let lastSeq = 0;
    for (const row of this.#rows<WreckBatch>('batch', '*', idsMax)) {
      lastSeq = Math.max(lastSeq, row.seq);
      if (row.state === ACCEPTED && present) records.mark(present.ordinal, row.seq, row.seq, 'accepted');
      if (row.state !== PENDING || !bodies) continue;
      const body = this.#try<{ bytes: Uint8Array }>('SELECT bytes FROM body WHERE id = ?', row.id)[0]?.bytes;
      if (!body || !this.#whole(row, schemas, body) || queue.get(row.seq)) continue;
      queue.insertContent(row.seq, row, schemas.get(row.schema)!.id, body);
      survivors.push({ first: row.seq, last: row.seq, reason: 'accepted', detail: '' });
    }
    for (const row of bodies ? this.#rows<WreckJournal>('journal', '*', idsMax) : [])
      if (this.#whole(row, schemas, row.body)) queue.copyJournal(row, schemas.get(row.schema)!.id);
    if (present) closeHoles(records, { ...present, nextSeq: Math.max(present.nextSeq, lastSeq + 1) }, survivors);
  }

  #epochs(records: Records, sidecar: Sidecar | undefined): EpochRecord | undefined {
    const epochs = this.#try<{ ordinal: number; epoch: string; next_seq: number }>(
      'SELECT ordinal, lower(hex(id)) AS epoch, next_seq FROM epoch NOT INDEXED ORDER BY ordinal',
    );
    for (const { ordinal, epoch, next_seq } of epochs) {
      const copy = records.addEpoch(epoch, next_seq);
      const sql = 'SELECT first, last, reason, detail FROM range WHERE epoch = ? ORDER BY first';
      for (const fate of this.#try<Fate>(sql, ordinal))
        records.mark(copy.ordinal, fate.first, fate.last, fate.reason, fate.detail);
    }
    if (epochs.length === 0 && sidecar) records.addEpoch(sidecar.epoch, sidecar.nextSeq);
    return records.epochs()[0];
  }

  #schemas(records: Records): Map<number, { readonly id: number; readonly hash: string }> {
    const schemas = new Map<number, { id: number; hash: string }>();
    for (const { id, bytes } of this.#rows<{ id: number; bytes: Uint8Array }>('schema', 'id, bytes', CHUNK_ROWS * 16)) {
      try {
        const { hash } = parseSchema(bytes);
        schemas.set(id, { id: records.schemaId(hash, bytes), hash });
      } catch (error) {
        if (!isDecodeError(error)) throw error;
      }
    }
    return schemas;
  }

  #whole(row: WreckContent, schemas: ReadonlyMap<number, { readonly hash: string }>, body: Uint8Array): boolean {
    const schema = schemas.get(row.schema);
    return schema !== undefined && checksum(row, schema.hash, body) === row.crc;
  }

  /** The rows of a table that read, by ascending id. Indexes are not trusted. */
  *#rows<R extends { readonly id: number }>(table: string, columns: string, idsMax: number): Generator<R> {
    const known = this.#try<{ low: number | null; high: number | null }>(
      `SELECT min(id) AS low, max(id) AS high FROM ${table}`,
    )[0];
    if (known && known.high === null) return;
    const low = known?.low ?? 1;
    const high = known?.high ?? idsMax;
    const read = this.#reader<R>(`SELECT ${columns} FROM ${table} NOT INDEXED WHERE id BETWEEN ? AND ?`);
    if (!read) return;
    for (let start = low; start <= high; start += CHUNK_ROWS) {
      const end = Math.min(high, start + CHUNK_ROWS - 1);
      const rows = read(start, end);
      if (rows) yield* rows;
      else for (let id = start; id <= end; id++) yield* read(id, id) ?? [];
    }
  }

  #try<R>(sql: string, ...values: number[]): R[] {
    return this.#reader<R>(sql)?.(...values) ?? [];
  }

  /** A query that gives undefined where it fails: whatever the error, that part of the wreck does not read. */
  #reader<R>(sql: string): ((...values: number[]) => R[] | undefined) | undefined {
    const statement = unlessItFails(() => this.#prepare?.<number[], R>(sql));
    return statement && ((...values) => unlessItFails(() => statement.all(...values)));
  }
}

function unlessItFails<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

interface WreckContent extends ContentRow {
  readonly id: number;
  readonly schema: number;
}
interface WreckBatch extends WreckContent {
  readonly seq: number;
  readonly state: number;
}
interface WreckJournal extends WreckContent {
  readonly body: Uint8Array;
}

/** States as `corrupt` every number that was given and of which nothing is known any more. */
function closeHoles(records: Records, epoch: EpochRecord, survivors: readonly Fate[]): void {
  records.setNextSeq(epoch.ordinal, epoch.nextSeq);
  const known = [...records.fates(epoch.ordinal), ...survivors].sort((a, b) => a.first - b.first);
  for (const [first, last] of uncovered(known, 1, epoch.nextSeq - 1))
    records.mark(epoch.ordinal, first, last, 'corrupt', 'the store file was damaged');
}
