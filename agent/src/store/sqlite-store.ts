import type { SeqRange, Statement } from '@iot/batch';
import { moduleBeside, startWorker, type WorkerHandle } from '@iot/host/worker';
import type { NewBatch, Offer, Store, StoreDepth, StoreNotice } from '../ports.ts';
import type { StoreEngine } from './engine.ts';
import type { StoreOptions } from './open.ts';
import type { EngineMethod, StoreWorkerApi } from './worker.ts';

export type { StoreOptions } from './open.ts';

/** The worker makes little garbage: its memory stays small. */
const LIMITS = { maxYoungGenerationSizeMb: 4 };

/**
 * Opens the store of this unit in a worker thread, so that a slow disk stalls no bus. See opening.ts for what becomes
 * of a file that was lost, copied, restored or damaged. @throws where no store can be had: no permission, a newer
 * program's file (`host/database-newer`), another process (`store/in-use`), a disk without any room (`store/full`).
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const worker = startWorker<StoreWorkerApi>(moduleBeside(import.meta.url, 'worker'), undefined, LIMITS);
  try {
    const { epoch } = await worker.call('open', options);
    return new SqliteStore(worker, epoch);
  } catch (error) {
    await worker.close();
    throw error;
  }
}

/** The store as the main thread sees it: hands every call to the engine. */
class SqliteStore implements Store {
  readonly failed: Promise<Error>;
  readonly #worker: WorkerHandle<StoreWorkerApi>;
  #epoch: string;

  constructor(worker: WorkerHandle<StoreWorkerApi>, epoch: string) {
    this.#worker = worker;
    this.failed = worker.failed;
    this.#epoch = epoch;
  }

  get epoch(): string {
    return this.#epoch;
  }

  commit(cut: readonly NewBatch[], journal?: NewBatch): Promise<{ readonly seqs: readonly number[] }> {
    return this.#run('commit', cut.map(slim), journal && slim(journal));
  }

  async offer(request: Parameters<Store['offer']>[0]): Promise<readonly Offer[]> {
    const { epoch, value } = await this.#worker.call('offer', request);
    this.#epoch = epoch;
    return value;
  }

  demote(beforeUs: number): Promise<void> {
    return this.#run('demote', beforeUs);
  }

  accepted(seqs: readonly number[]): Promise<void> {
    return this.#run('accepted', seqs);
  }

  refused(seq: number, detail: string): Promise<void> {
    return this.#run('refused', seq, detail);
  }

  conflict(seq: number): Promise<void> {
    return this.#run('conflict', seq);
  }

  resend(ranges: readonly SeqRange[]): Promise<{ readonly batches: number }> {
    return this.#run('resend', ranges);
  }

  statement(timeUs?: number): Promise<Statement> {
    return this.#run('statement', timeUs);
  }

  depth(): Promise<StoreDepth> {
    return this.#run('depth');
  }

  schema(hash: string): Promise<Uint8Array | undefined> {
    return this.#run('schema', hash);
  }

  schemaKnown(gateway: string, hash: string): Promise<boolean> {
    return this.#run('schemaKnown', gateway, hash);
  }

  setSchemaKnown(gateway: string, hash: string, known: boolean): Promise<void> {
    return this.#run('setSchemaKnown', gateway, hash, known);
  }

  takeNotices(): Promise<readonly StoreNotice[]> {
    return this.#run('takeNotices');
  }

  async close(): Promise<void> {
    try {
      await this.#worker.call('run', 'close', []);
    } finally {
      await this.#worker.close();
    }
  }

  async #run<M extends EngineMethod>(
    method: M,
    ...args: Parameters<StoreEngine[M]>
  ): Promise<ReturnType<StoreEngine[M]>> {
    const answer = await this.#worker.call('run', method, args as never);
    this.#epoch = answer.epoch;
    return answer.value as ReturnType<StoreEngine[M]>;
  }
}

/** What the worker needs of a batch: without the schema's tables, and bytes without the larger buffer they are a view of. */
function slim(batch: NewBatch): NewBatch {
  const { schema, body } = batch;
  return {
    ...batch,
    schema: { hash: schema.hash, bytes: compact(schema.bytes), tables: [] },
    body: { ...body, bytes: compact(body.bytes) },
  };
}

function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
