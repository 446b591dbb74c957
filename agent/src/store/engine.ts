import { statSync } from 'node:fs';
import { bytesOf, hexOf, parseSchema, type SeqRange, type Statement } from '@iot/batch';
import { isDamage, isFull } from '@iot/host/sqlite';
import type { ClockMapping, NewBatch, Offer, StoreDepth, StoreNotice } from '../ports.ts';
import { freeze, seal } from './content.ts';
import { Evicted, Room, StoreFullError } from './eviction.ts';
import { recoverJournal } from './journal.ts';
import { ACCEPTED, type BatchRow, PAGE_BYTES, PENDING } from './layout.ts';
import { makeOffers, type OfferRequest } from './offering.ts';
import { openStoreFile, type Random, type StoreFile, type StoreOptions } from './open.ts';
import { type Budget, budgetFor, Reserve } from './room.ts';
import { makeStatement } from './statement.ts';

const QUARANTINE_SHARE = 16;
const QUARANTINE_BYTES_MAX = 1024 ** 2;

/**
 * The store, synchronous: what runs in the worker thread. Each method is one durable transaction; when it throws,
 * nothing of it has happened. Handed-out batches are in flight, and so never evicted, until they are answered or the next
 * `offer` no longer names them.
 */
export class StoreEngine {
  readonly #options: StoreOptions;
  readonly #random: Random;
  readonly #budget: Budget;
  readonly #reserve: Reserve;
  readonly #bootId: string;
  readonly #inFlight = new Set<number>();
  #file: StoreFile;
  #room: Room;
  #mappings: readonly ClockMapping[] = [];
  #noticesTaken = 0;
  #statements = 0;
  /** Seqs that were told not to fit into a packet, so that each is told once. */
  readonly #tooLarge = new Set<number>();

  constructor(options: StoreOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#budget = budgetFor(options.path, options.bytesMax);
    this.#reserve = new Reserve(`${options.path}.reserve`, this.#budget.walBytes);
    this.#bootId = hexOf(options.bootId);
    [this.#file, this.#room] = this.#open();
    this.#recover();
    this.#reserve.take(this.#room.promisedBytes);
  }

  get epoch(): string {
    return this.#reading((file) => file.present.epoch);
  }

  commit(cut: readonly NewBatch[], journal?: NewBatch): { readonly seqs: readonly number[] } {
    if (cut.length === 0 && !journal && this.#noticesTaken === 0) return { seqs: [] };
    this.#room.fit();
    const seqs = this.#durable((file) => {
      file.records.dropNotices(this.#noticesTaken);
      if (cut.length > 0) file.queue.emptyJournal();
      return this.#insert(file, cut, journal);
    });
    this.#noticesTaken = 0;
    this.#reserve.take(this.#room.promisedBytes);
    return { seqs };
  }

  offer(request: OfferRequest): readonly Offer[] {
    this.#mappings = request.mappings;
    this.#inFlight.clear();
    for (const seq of request.inFlight) this.#inFlight.add(seq);
    const rules = { mappings: request.mappings, waitedOutUs: request.waitedOutUs, bootId: this.#bootId };
    const { offers, tooLarge, resealed } = this.#durable((file) => {
      const owner = { unit: this.#options.unit, epoch: file.present.epoch };
      const offering = makeOffers(file, request, rules, owner, this.#room.bytes / 2);
      for (const { seq, bytes } of offering.tooLarge)
        if (!this.#tooLarge.has(seq))
          file.records.notice('batch-too-large', { seq, bytes, bytesMax: request.bytesMax });
      return offering;
    });
    for (const { seq } of tooLarge) this.#tooLarge.add(seq);
    for (const { seq } of offers) this.#inFlight.add(seq);
    if (!resealed) return offers;
    this.#newEpoch('resealed');
    return [];
  }

  demote(beforeUs: number): void {
    this.#durable((file) => file.queue.demote(this.#options.bootId, beforeUs, false));
  }

  accepted(seqs: readonly number[]): void {
    this.#durable((file) => {
      const { ordinal } = file.present;
      for (const row of seqs.flatMap((seq) => this.#offered(file, seq))) {
        file.queue.setState(row.id, ACCEPTED);
        file.records.mark(ordinal, row.seq, row.seq, 'accepted');
      }
    });
    for (const seq of seqs) this.#inFlight.delete(seq);
  }

  refused(seq: number, detail: string): void {
    this.#durable((file) => {
      const [row] = this.#offered(file, seq);
      if (!row) return;
      const body = file.queue.body(row.id);
      if (body) this.#quarantine(file, row, detail, body);
      file.queue.delete(row.id);
      file.records.mark(file.present.ordinal, seq, seq, 'refused', detail);
    });
    this.#inFlight.delete(seq);
  }

  conflict(seq: number): void {
    if (this.#offered(this.#file, seq).length > 0) this.#newEpoch('conflict');
  }

  resend(ranges: readonly SeqRange[]): { readonly batches: number } {
    return this.#durable((file) => {
      const { ordinal } = file.present;
      const rows = ranges.flatMap(([from, to]) => file.queue.acceptedIn(from, to));
      for (const { id, seq } of rows) {
        file.queue.setAgainPending(id);
        file.records.unmark(ordinal, seq, seq);
      }
      return { batches: rows.length };
    });
  }

  statement(timeUs?: number): Statement {
    const about = { unit: this.#options.unit, vehicle: this.#options.vehicle, mappings: this.#mappings };
    return this.#reading((file) => makeStatement(file, about, this.#statements++, timeUs));
  }

  depth(): StoreDepth {
    return this.#reading(({ queue, db, paths }) => {
      const { batches, bytes } = queue.tally(PENDING);
      const pages = db.pragma('page_count', { simple: true }) as number;
      const walBytes = statSync(`${paths.database}-wal`, { throwIfNoEntry: false })?.size ?? 0;
      return { batches, bytes, kept: queue.tally(ACCEPTED).batches, fileBytes: pages * PAGE_BYTES + walBytes };
    });
  }

  schema(hash: string): Uint8Array | undefined {
    return this.#reading((file) => file.records.schema(hash));
  }

  schemaKnown(gateway: string, hash: string): boolean {
    return this.#reading((file) => file.records.schemaKnown(gateway, hash));
  }

  setSchemaKnown(gateway: string, hash: string, known: boolean): void {
    this.#durable((file) => file.records.setSchemaKnown(gateway, hash, known));
  }

  /** Those taken are forgotten at the next commit, which makes the events they became durable. */
  takeNotices(): readonly StoreNotice[] {
    const notices = this.#reading((file) => file.records.noticesAfter(this.#noticesTaken));
    this.#noticesTaken = notices.at(-1)?.id ?? this.#noticesTaken;
    return notices.map(({ name, attributes }) => ({ name, attributes: JSON.parse(attributes) }));
  }

  /** A clean close, so that the sidecar is exact; where the disk is too full for that, the next start is as after a crash. */
  close(): void {
    try {
      this.#withReserve(() => this.#file.resume(1, () => {}));
    } catch (error) {
      if (!isFull(error)) throw error;
    } finally {
      this.#file.db.close();
    }
  }

  #open(distrust?: string): [StoreFile, Room] {
    const file = this.#withReserve(() => openStoreFile(this.#options, this.#random, distrust));
    return [file, new Room(file, this.#budget, this.#reserve)];
  }

  /** What a start finds to do: the journal becomes batches, live batches of before become backlog. */
  #recover(): void {
    this.#durable((file) => {
      file.queue.demote(this.#options.bootId, 0, true);
      const rows = file.queue.journal();
      if (rows.length > 0) {
        const batches = recoverJournal(rows, (hash) => parseSchema(file.records.schema(hash)!));
        file.queue.emptyJournal();
        this.#insert(file, batches);
        file.records.notice('journal-recovered', {
          batches: batches.length,
          readings: rows.reduce((sum, row) => sum + row.readings, 0),
          firstUs: Math.min(...rows.map((row) => row.t0_us)),
          lastUs: Math.max(...rows.map((row) => row.end_us)),
          boot: rows[0].boot && hexOf(rows[0].boot),
        });
      }
      file.records.dropUnusedSchemas();
    });
  }

  #insert(file: StoreFile, cut: readonly NewBatch[], journal?: NewBatch): number[] {
    const { ordinal, nextSeq } = file.present;
    const evicted = new Evicted();
    file.reserve(nextSeq + cut.length);
    file.records.setNextSeq(ordinal, nextSeq + cut.length);
    const seqs = cut.map((batch, i) => {
      this.#room.make(batch.body.bytes.length, this.#inFlight, evicted);
      file.queue.insert(nextSeq + i, batch);
      return nextSeq + i;
    });
    if (journal) {
      this.#room.make(journal.body.bytes.length, this.#inFlight, evicted);
      file.queue.insertJournal(journal);
    }
    evicted.tell(file);
    return seqs;
  }

  #quarantine(file: StoreFile, row: BatchRow, detail: string, body: Uint8Array): void {
    const rules = { mappings: [], waitedOutUs: 0, bootId: this.#bootId };
    const { epoch } = file.present;
    const { bytes } = seal(row, body, freeze(row, rules)!, { unit: this.#options.unit, epoch });
    const bytesMax = Math.min(QUARANTINE_BYTES_MAX, this.#options.bytesMax / QUARANTINE_SHARE);
    file.queue.quarantine(bytesOf(epoch), row, detail, bytes);
    while (file.queue.quarantinedBytes() > bytesMax && file.queue.dropOldestQuarantined());
  }

  /** A pending batch that was offered in this epoch. An answer to any other seq is to another epoch's batch, and means nothing. */
  #offered(file: StoreFile, seq: number): BatchRow[] {
    const row = file.queue.get(seq);
    return row && row.digest !== null && row.state === PENDING ? [row] : [];
  }

  #newEpoch(reason: 'conflict' | 'resealed'): void {
    this.#retrying(() => this.#file.renew(reason, undefined, '', {}));
    this.#inFlight.clear();
    this.#tooLarge.clear();
  }

  #durable<T>(change: (file: StoreFile) => T): T {
    return this.#retrying(() => this.#file.transaction(() => change(this.#file)));
  }

  /** Runs once more after room was made, or the file was rebuilt: a transaction that failed has done nothing. */
  #retrying<T>(run: () => T): T {
    try {
      return this.#reading(run);
    } catch (error) {
      if (!isFull(error)) throw error;
      return this.#withRoomMade(run, error);
    }
  }

  #withRoomMade<T>(run: () => T, cause: unknown): T {
    this.#reserve.release();
    try {
      this.#room.relieve();
      this.#evictSome();
      return run();
    } catch (error) {
      if (!isFull(error)) throw error;
      const { database } = this.#file.paths;
      const why = (cause as Error).message;
      throw new StoreFullError(`no room on the disk of ${database}: ${why}; free space on it`, { cause });
    }
  }

  /** Leaves free pages in a file that may not grow, also for what inserts nothing. */
  #evictSome(): void {
    this.#file.transaction(() => {
      const evicted = new Evicted();
      this.#room.make(0, this.#inFlight, evicted, false);
      evicted.tell(this.#file);
    });
  }

  #withReserve<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#reserve.release();
      return run();
    }
  }

  /**
   * Damage found while running is dealt with as at a start: what reads is saved, and a new epoch says so. But the journal
   * goes: its rows are still open in the process that runs, and will be in the batch that it cuts.
   */
  #reading<T>(run: (file: StoreFile) => T): T {
    try {
      return run(this.#file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#file.db.close();
      this.#inFlight.clear();
      this.#noticesTaken = 0;
      [this.#file, this.#room] = this.#open((error as Error).message);
      this.#file.transaction(() => this.#file.queue.emptyJournal());
      return run(this.#file);
    }
  }
}
