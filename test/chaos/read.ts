import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { type BatchHead, decodeBatch, decodeBody, hexOf, parseSchema, type Schema } from '@iot/batch';
import { HistorySink } from '@iot/gateway';
import { createLogger } from '@iot/host';
import type { Rows } from '@iot/wire';
import type { BatchRecord, StoreContents } from './evidence.ts';

/** The signal that counts: see world.ts. */
export const COUNT = 'Counter.Count';

interface StoredBody {
  readonly t0_us: number;
  readonly codec: number;
  readonly hash: string;
  readonly bytes: Uint8Array;
}

interface StoredBatch extends StoredBody {
  readonly seq: number;
  readonly digest: string | null;
}

/**
 * What a stopped or killed agent's store holds, read from its file by SQL, with none of the store's own code: what is
 * durable, whatever the agent believes. Batches from `fromSeq` on.
 */
export function readStore(path: string, fromSeq = 1): StoreContents {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const schemas = new Map(
      db
        .prepare('SELECT hash, bytes FROM schema')
        .all()
        .map((row) => [row.hash as string, parseSchema(row.bytes as Uint8Array)]),
    );
    const epochs = db.prepare('SELECT id, next_seq FROM epoch ORDER BY ordinal').all();
    const present = epochs.at(-1)!;
    const epoch = hexOf(present.id as Uint8Array);
    const batches = db
      .prepare(
        `SELECT seq, digest, t0_us, codec, hash, body.bytes FROM batch JOIN body ON body.id = batch.id
         JOIN schema ON schema.id = batch.schema WHERE seq >= ? ORDER BY seq`,
      )
      .all(fromSeq) as unknown as StoredBatch[];
    const journal = db
      .prepare(
        'SELECT t0_us, codec, hash, body AS bytes FROM journal JOIN schema ON schema.id = schema ORDER BY journal.id',
      )
      .all() as unknown as StoredBody[];
    return {
      epochs: epochs.map(({ id }) => hexOf(id as Uint8Array)),
      nextSeq: present.next_seq as number,
      batches: batches.map((row) => ({
        epoch,
        seq: row.seq,
        digest: row.digest ?? undefined,
        bodyHash: hashOf(row.bytes),
        counts: countsOfBody(row, schemas),
      })),
      journaled: journal.flatMap((row) => countsOfBody(row, schemas)),
    };
  } finally {
    db.close();
  }
}

function countsOfBody({ t0_us, codec, hash, bytes }: StoredBody, schemas: ReadonlyMap<string, Schema>): number[] {
  const head: BatchHead = {
    unit: '',
    vehicle: '',
    epoch: new Uint8Array(16),
    seq: 1,
    digest: '',
    lane: 'live',
    clock: { source: 'log', uncertaintyUs: 0 },
    t0Us: t0_us,
    codec,
    schemaHash: hash,
    body: bytes,
  };
  return countsOf(decodeBody(head, schemas.get(hash)!).tables);
}

/** A self-contained batch as it arrived. @throws DecodeError */
export function readArrival(bytes: Uint8Array): BatchRecord {
  const { head, tables } = decodeBatch(bytes, () => undefined);
  return {
    epoch: hexOf(head.epoch),
    seq: head.seq,
    digest: head.digest,
    bodyHash: hashOf(head.body),
    counts: countsOf(tables),
  };
}

/** Everything in a stopped gateway's history. */
export async function readHistory(path: string): Promise<BatchRecord[]> {
  const log = createLogger('chaos', 'warn');
  const clock = { nowMs: () => Date.now(), setTimer: () => () => {} };
  const year = 365 * 86_400_000;
  const history = await HistorySink.open({ path, retainMs: year, bytesMax: 2 ** 40, clock, log });
  try {
    const arrivals: BatchRecord[] = [];
    await history.export((bytes) => void arrivals.push(readArrival(bytes)));
    return arrivals;
  } finally {
    await history.close();
  }
}

function countsOf(tables: readonly Rows[]): number[] {
  return tables.flatMap(({ def, columns, count }) => {
    const at = def.signals.findIndex(({ name }) => name === COUNT);
    return at < 0 ? [] : Array.from(columns[at].values.slice(0, count) as ArrayLike<number>, Number);
  });
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
