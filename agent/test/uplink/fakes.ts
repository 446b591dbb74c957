import { type Lane, makeSchema, type Statement } from '@iot/batch';
import type { Offer, Store, Uplink, UplinkMessage, UplinkResult, UplinkSession } from '../../src/ports.ts';

export const ACCEPTED: UplinkResult = { kind: 'accepted' };
const SCHEMA = makeSchema([]);
const STATEMENT: Statement = {
  unit: 'unit-1',
  vehicle: 'car-1',
  epoch: new Uint8Array(16),
  nextSeq: 1,
  accepted: [],
  gaps: [],
  depth: { batches: 0, bytes: 0 },
};

/** A store in memory that does as it is told, and notes what it was told: `refused 3 too large`. */
export class ScriptedStore implements Store {
  readonly epoch = '00'.repeat(16);
  readonly failed = new Promise<Error>(() => {});
  readonly calls: string[] = [];
  /** Methods whose next call rejects. */
  readonly failNext = new Set<'accepted' | 'conflict' | 'offer'>();
  /** What each `offer` was asked for. */
  readonly requests: Parameters<Store['offer']>[0][] = [];
  /** While set, `offer` answers when it resolves. */
  offerWhen: Promise<void> | undefined;
  pending: Offer[] = [];
  readonly #schemas = new Set<string>();

  add(...seqs: number[]): void {
    for (const seq of seqs) this.addIn('live', seq);
  }

  addIn(lane: Lane, seq: number, schemaHash = SCHEMA.hash): void {
    this.pending.push({ seq, lane, schemaHash, bytes: Uint8Array.of(seq) });
  }

  async offer(request: Parameters<Store['offer']>[0]): Promise<readonly Offer[]> {
    this.requests.push(request);
    this.#mayFail('offer');
    const { limit, lanes, inFlight } = request;
    const offers = this.pending
      .filter(({ seq, lane }) => lanes.includes(lane) && !inFlight.includes(seq))
      .sort((a, b) => lanes.indexOf(a.lane) - lanes.indexOf(b.lane) || b.seq - a.seq)
      .slice(0, limit);
    await this.offerWhen;
    return offers;
  }

  async accepted(seqs: readonly number[]): Promise<void> {
    this.calls.push(`accepted ${seqs}`);
    this.#mayFail('accepted');
    this.pending = this.pending.filter(({ seq }) => !seqs.includes(seq));
  }

  async refused(seq: number, detail: string): Promise<void> {
    this.calls.push(`refused ${seq} ${detail}`);
    this.pending = this.pending.filter((offer) => offer.seq !== seq);
  }

  /** What was not accepted gets numbers of a new epoch: here a hundred more, told from the old ones at a glance. */
  async conflict(seq: number): Promise<void> {
    this.calls.push(`conflict ${seq}`);
    this.#mayFail('conflict');
    this.pending = this.pending.map((offer) => ({
      ...offer,
      seq: offer.seq + 100,
      bytes: Uint8Array.of(offer.seq + 100),
    }));
  }

  async schema(hash: string): Promise<Uint8Array | undefined> {
    return hash === SCHEMA.hash ? SCHEMA.bytes : undefined;
  }

  async schemaKnown(gateway: string, hash: string): Promise<boolean> {
    return this.#schemas.has(`${gateway} ${hash}`);
  }

  async setSchemaKnown(gateway: string, hash: string, known: boolean): Promise<void> {
    if (known) this.#schemas.add(`${gateway} ${hash}`);
    else this.#schemas.delete(`${gateway} ${hash}`);
  }

  async resend(): Promise<{ readonly batches: number }> {
    return { batches: 0 };
  }

  async commit(..._given: Parameters<Store['commit']>): Promise<{ readonly seqs: readonly number[] }> {
    return { seqs: [] };
  }

  async depth() {
    return { batches: this.pending.length, bytes: 0, kept: 0, fileBytes: 0 };
  }

  async statement(): Promise<Statement> {
    return STATEMENT;
  }

  async takeNotices() {
    return [];
  }

  async demote(): Promise<void> {}

  async close(): Promise<void> {}

  #mayFail(method: 'accepted' | 'conflict' | 'offer'): void {
    if (this.failNext.delete(method)) throw new Error(`${method} fails`);
  }
}

/** A link that tests bring up and down. Statements and schemas are accepted; each batch waits for its answer. */
export class ScriptedUplink implements Uplink {
  /** In order: `schema`, `statement`, `batch 3`. */
  readonly sent: string[] = [];
  readonly state = { up: false, detail: 'scripted', bytesSent: 0 };
  /** The answer to the next schema, where it is not `accepted`. */
  nextSchema: UplinkResult | undefined;
  readonly #answers = new Map<number, (result: UplinkResult) => void>();
  #handlers: Parameters<Uplink['open']>[0] | undefined;

  open(handlers: Parameters<Uplink['open']>[0]): void {
    this.#handlers = handlers;
  }

  up(session: Partial<UplinkSession> = {}): void {
    this.#handlers?.onUp({ gateway: 'g1', window: 10, packetBytesMax: 65_536, ...session });
  }

  down(): void {
    for (const seq of this.outstanding) this.answer(seq, { kind: 'disconnected' });
    this.#handlers?.onDown('cut');
  }

  control(payload: Uint8Array): void {
    this.#handlers?.onControl(payload);
  }

  async send(message: UplinkMessage, payload: Uint8Array): Promise<UplinkResult> {
    if (message !== 'batch') {
      this.sent.push(message);
      const answer = message === 'schema' ? this.nextSchema : undefined;
      if (message === 'schema') this.nextSchema = undefined;
      return answer ?? ACCEPTED;
    }
    const seq = payload[0];
    this.sent.push(`batch ${seq}`);
    return new Promise((resolve) => this.#answers.set(seq, resolve));
  }

  /** Seqs of the batches that wait for an answer, in the order they were sent. */
  get outstanding(): number[] {
    return [...this.#answers.keys()];
  }

  answer(seq: number, result: UplinkResult): void {
    const resolve = this.#answers.get(seq);
    if (!resolve) throw new Error(`batch ${seq} is not outstanding`);
    this.#answers.delete(seq);
    resolve(result);
  }

  async close(): Promise<void> {
    for (const seq of this.outstanding) this.answer(seq, { kind: 'disconnected' });
  }
}

/** Resolves when everything that needs no outside event has run: the fakes answer within microtasks. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
