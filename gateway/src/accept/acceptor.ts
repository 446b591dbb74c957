import { type BatchHead, type DecodedBatch, embedSchema, parseSchema, readHead, type Schema } from '@iot/batch';
import type { Logger } from '@iot/host';
import type { Acceptor, Clock, MessageKind, SpoolEntry, Verdict } from '../ports.ts';
import type { DataPlaneMetrics } from '../spool/metrics.ts';
import type { BatchWrite, Outcome, SchemaWrite, Standing, Write } from '../spool/writes.ts';
import { checkBody, checkHead, checkSchema, checkStatement, isRefusal } from './check.ts';
import type { LiveUpdates } from './live.ts';
import { PendingBatches } from './pending.ts';
import { SchemaCache } from './schemas.ts';
import type { Withheld } from './withheld.ts';

/** What the acceptor needs of the spool. */
export interface AcceptorStore {
  write(write: Write): Promise<Outcome>;
  standing(batch: Pick<BatchWrite, 'unit' | 'epoch' | 'seq' | 'digest'>): Promise<Standing>;
  schema(hash: string): Promise<Uint8Array | undefined>;
}

export interface AcceptorOptions {
  readonly store: AcceptorStore;
  readonly live: LiveUpdates;
  readonly clock: Clock;
  readonly metrics: DataPlaneMetrics;
  readonly log: Logger;
  /** `ack: kafka`: asked first, with the name of the sink it stands for. Without it the spool's word is enough. */
  readonly withheld?: { readonly sink: string; readonly queue: Pick<Withheld, 'confirmed'> };
  readonly schemaCacheBytesMax?: number;
}

const SCHEMA_CACHE_BYTES_MAX = 16 * 1024 ** 2;
const STOPPING: Verdict = { kind: 'later', detail: 'the gateway is stopping' };
const FULL: Verdict = { kind: 'later', detail: 'no room now: sinks or the disk must catch up first' };

/** Decides on what units publish. Accepted means durable; everything else says what the unit should do next. */
export class BatchAcceptor implements Acceptor {
  readonly #options: AcceptorOptions;
  readonly #schemas: SchemaCache;
  readonly #pending = new PendingBatches();
  #stopping = false;

  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.#schemas = new SchemaCache({
      load: (hash) => options.store.schema(hash),
      bytesMax: options.schemaCacheBytesMax ?? SCHEMA_CACHE_BYTES_MAX,
    });
  }

  async accept(kind: MessageKind, unit: string, payload: Uint8Array): Promise<Verdict> {
    const verdict = this.#stopping ? STOPPING : await this.#decide(kind, unit, payload);
    this.#options.metrics.verdict(kind, verdict.kind === 'accepted' && verdict.duplicate ? 'duplicate' : verdict.kind);
    return verdict;
  }

  async deadLetter(message: MessageKind, unit: string, payload: Uint8Array, detail: string): Promise<void> {
    const { store, clock, log } = this.#options;
    log.warn({ unit, message, detail }, 'a message that can never be accepted goes to the dead letters');
    const bytes = new Uint8Array(payload);
    const outcome = await store.write({ kind: 'dead-letter', unit, message, detail, bytes, atMs: clock.nowMs() });
    if (outcome !== 'stored') throw new Error('there is no room for dead letters: do not acknowledge the message');
  }

  connected(unit: string, session: { readonly protocol: string; readonly remote: string }): void {
    this.#options.live.emit({ kind: 'link', unit, up: true, detail: `${session.protocol} from ${session.remote}` });
  }

  disconnected(unit: string, detail: string): void {
    this.#options.live.emit({ kind: 'link', unit, up: false, detail });
  }

  /** From now on all is told `later`; what is under way gets its verdict. */
  stop(): void {
    this.#stopping = true;
  }

  async #decide(kind: MessageKind, unit: string, payload: Uint8Array): Promise<Verdict> {
    try {
      if (kind === 'batch') return await this.#batch(unit, payload);
      return kind === 'schema' ? await this.#schema(unit, payload) : await this.#statement(unit, payload);
    } catch (error) {
      // Nothing was written, or nobody knows: the unit keeps it, and identity makes the repeat harmless.
      this.#options.log.error(error, `a ${kind} could not be stored`);
      return { kind: 'later', detail: 'the spool could not store it' };
    }
  }

  async #batch(unit: string, payload: Uint8Array): Promise<Verdict> {
    const head = checkHead(payload, unit);
    if (isRefusal(head)) return { kind: 'refused', detail: head.refused };
    return this.#pending.settle(head, () => this.#acceptBatch(head, payload));
  }

  /** On the usual way the schema is in memory, and the payload is copied once: into the self-contained form. */
  async #acceptBatch(head: BatchHead, payload: Uint8Array): Promise<Verdict> {
    const carried = head.schemaBytes && checkSchema(head.schemaBytes);
    if (carried && isRefusal(carried)) return { kind: 'refused', detail: carried.refused };
    const { schemaHash } = head;
    const known = carried ?? this.#schemas.peek(schemaHash);
    if (known) return this.#acceptCopy(new Uint8Array(embedSchema(payload, known)), known);
    const copy = new Uint8Array(payload);
    const stored = await this.#schemas.find(schemaHash);
    return stored ? this.#acceptCopy(embedSchema(copy, stored), stored) : { kind: 'schema-unknown', hash: schemaHash };
  }

  /** `bytes` are self-contained and ours. */
  async #acceptCopy(bytes: Uint8Array, schema: Schema): Promise<Verdict> {
    const head = readHead(bytes);
    const decoded = checkBody(head, schema);
    if (isRefusal(decoded)) return { kind: 'refused', detail: decoded.refused };
    const verdict = await this.#store(head, bytes);
    if (verdict.kind === 'accepted' && !verdict.duplicate) this.#tell(decoded);
    return verdict;
  }

  async #store(head: BatchHead, bytes: Uint8Array): Promise<Verdict> {
    const { store, clock, withheld } = this.#options;
    const { unit, vehicle, epoch, seq, digest, lane } = head;
    const acceptedMs = clock.nowMs();
    if (withheld) {
      const standing = await store.standing({ unit, epoch, seq, digest });
      if (standing !== 'new') return verdictOf(standing);
      const entry: SpoolEntry = { position: 0, head, lane, bytes, acceptedMs };
      if (!(await withheld.queue.confirmed(entry)))
        return { kind: 'later', detail: `${withheld.sink} does not take batches now` };
    }
    const write = { kind: 'batch', unit, vehicle, epoch, seq, digest, lane, bytes, acceptedMs } as const;
    return verdictOf(await store.write(withheld ? { ...write, confirmedBy: withheld.sink } : write));
  }

  #tell(batch: DecodedBatch): void {
    const { live, metrics } = this.#options;
    const { unit, vehicle } = batch.head;
    metrics.readings(batch.tables.reduce((sum, { count, columns }) => sum + count * columns.length, 0));
    if (!live.watched) return;
    live.emit({ kind: 'batch', unit, vehicle, batch });
    live.emit({ kind: 'ledger', unit });
  }

  async #schema(unit: string, payload: Uint8Array): Promise<Verdict> {
    const schema = checkSchema(payload);
    if (isRefusal(schema)) return { kind: 'refused', detail: schema.refused };
    const bytes = new Uint8Array(payload);
    const write: SchemaWrite = { kind: 'schema', unit, hash: schema.hash, bytes };
    if ((await this.#options.store.write(write)) !== 'stored') return FULL;
    this.#schemas.add(parseSchema(bytes));
    return { kind: 'accepted', duplicate: false };
  }

  async #statement(unit: string, payload: Uint8Array): Promise<Verdict> {
    const statement = checkStatement(payload, unit);
    if (isRefusal(statement)) return { kind: 'refused', detail: statement.refused };
    const { vehicle, epoch } = statement;
    const heardMs = this.#options.clock.nowMs();
    const bytes = new Uint8Array(payload);
    const outcome = await this.#options.store.write({ kind: 'statement', unit, vehicle, epoch, bytes, heardMs });
    if (outcome === 'conflict') return { kind: 'refused', detail: 'the epoch is that of another unit' };
    if (outcome !== 'stored') return FULL;
    this.#options.live.emit({ kind: 'ledger', unit });
    this.#options.live.emit({ kind: 'depth', unit, depth: statement.depth });
    return { kind: 'accepted', duplicate: false };
  }
}

function verdictOf(outcome: Outcome | Standing): Verdict {
  switch (outcome) {
    case 'stored':
    case 'new':
      return { kind: 'accepted', duplicate: false };
    case 'duplicate':
      return { kind: 'accepted', duplicate: true };
    case 'conflict':
      return { kind: 'conflict' };
    case 'full':
      return FULL;
  }
}
