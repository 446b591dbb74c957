import { decodeControl, encodeStatement, type Lane } from '@iot/batch';
import { BackOff, type Logger } from '@iot/host';
import type { Clock, ClockMapping, Offer, Store, Uplink, UplinkResult, UplinkSession } from '../ports.ts';

const ALL_LANES: readonly Lane[] = ['alert', 'live', 'backlog'];
/** Places of the window that only alerts may take. */
const ALERT_RESERVE = 2;
/** Room for MQTT's own header and topic in the gateway's maximum packet. */
const PACKET_OVERHEAD_BYTES = 256;
/** Acknowledgements that are recorded together while a backlog drains; a calm agent records them at its commits. */
const RECORD_AT = 64;

export interface SenderOptions {
  readonly store: Store;
  readonly uplink: Uplink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  readonly statementMs: number;
  readonly mappings: () => readonly ClockMapping[];
  /** Batches cut before this boot time may go without a clock. */
  readonly waitedOutUs: () => number;
  /** Unix µs, or undefined without a clock. */
  readonly nowUs: () => number | undefined;
  readonly onLink: (up: boolean, detail: string) => void;
}

/** Moves batches from the store to the gateway: newest first within the window, schema before batch, each seq out once at a time. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #inFlight = new Set<number>();
  readonly #schemaOnTheWay = new Map<string, Promise<UplinkResult>>();
  readonly #backOff: BackOff;
  #acknowledged: number[] = [];
  /** Seqs that the gateway holds another batch of: the new epoch waits until nothing else of the old one is outstanding. */
  #conflicts: number[] = [];
  #session: UplinkSession | undefined;
  #pumping = false;
  #pumpAgain = false;
  #resting = false;
  #closing = false;
  #cancelStatement: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;
  /** Batches acknowledged since the start. */
  accepted = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#backOff = new BackOff({ firstMs: 1_000, maxMs: 60_000, random: options.random });
  }

  open(): void {
    this.#options.uplink.open({
      onUp: (session) => this.#onUp(session),
      onDown: (detail) => this.#onDown(detail),
      onControl: (payload) =>
        void this.#onControl(payload).catch((error) => this.#options.log.error(error, 'control message')),
    });
  }

  get outstanding(): number {
    return this.#inFlight.size;
  }

  /** Records what was acknowledged since the last call; sends what there is room for. Call it after each commit. */
  async tick(): Promise<void> {
    await this.#record();
    await this.#leaveEpoch();
    await this.#pump();
  }

  async #record(): Promise<void> {
    const seqs = this.#acknowledged;
    if (seqs.length === 0) return;
    this.#acknowledged = [];
    try {
      await this.#options.store.accepted(seqs);
    } catch (error) {
      // Recorded at the next call: until then they stay out of what is offered.
      this.#acknowledged = [...seqs, ...this.#acknowledged];
      throw error;
    }
    for (const seq of seqs) this.#inFlight.delete(seq);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelStatement?.();
    this.#cancelRest?.();
    await this.#options.uplink.close();
    await this.#record();
  }

  #onUp(session: UplinkSession): void {
    this.#session = session;
    this.#options.onLink(true, this.#options.uplink.state.detail);
    this.#stateAndRepeat();
    this.#wake();
  }

  #onDown(detail: string): void {
    this.#session = undefined;
    this.#schemaOnTheWay.clear();
    this.#cancelStatement?.();
    this.#options.onLink(false, detail);
  }

  #stateAndRepeat(): void {
    this.#cancelStatement?.();
    void this.state();
    this.#cancelStatement = this.#options.clock.setTimer(this.#options.statementMs, () => this.#stateAndRepeat());
  }

  /** Says what the store has, now. */
  async state(): Promise<void> {
    if (!this.#session) return;
    const { store, uplink, log, nowUs } = this.#options;
    try {
      const result = await uplink.send('statement', encodeStatement(await store.statement(nowUs())));
      if (result.kind === 'refused' || result.kind === 'later')
        log.warn(result, 'the gateway does not take our statement');
    } catch (error) {
      log.error(error, 'stating what the store holds');
    }
  }

  #wake(): void {
    this.#pump().catch((error) => this.#options.log.error(error, 'sending'));
  }

  /** One at a time; a call meanwhile makes it go round once more. */
  async #pump(): Promise<void> {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#pumpAgain = false;
        await this.#offer();
      } while (this.#pumpAgain);
    } finally {
      this.#pumping = false;
    }
  }

  async #offer(): Promise<void> {
    if (this.#acknowledged.length >= RECORD_AT) await this.#record();
    const session = this.#session;
    if (!session || this.#resting || this.#closing || this.#conflicts.length > 0) return;
    const outstanding = this.#inFlight.size - this.#acknowledged.length;
    const reserve = Math.min(ALERT_RESERVE, session.window - 1);
    const free = session.window - outstanding;
    if (free <= 0) return;
    const anyLane = free > reserve;
    const offers = await this.#options.store.offer({
      limit: anyLane ? free - reserve : free,
      lanes: anyLane ? ALL_LANES : ['alert'],
      inFlight: [...this.#inFlight],
      mappings: this.#options.mappings(),
      waitedOutUs: this.#options.waitedOutUs(),
      bytesMax: session.packetBytesMax - PACKET_OVERHEAD_BYTES,
    });
    // A conflict that came meanwhile ends this epoch: its offers must not go out and be renumbered as well.
    if (this.#conflicts.length > 0) return;
    for (const offer of offers) {
      this.#inFlight.add(offer.seq);
      void this.#send(session, offer).catch((error) => this.#options.log.error(error, 'sending'));
    }
  }

  async #send(session: UplinkSession, offer: Offer): Promise<void> {
    try {
      const schema = await this.#ensureSchema(session, offer.schemaHash);
      const result = schema.kind === 'accepted' ? await this.#options.uplink.send('batch', offer.bytes) : schema;
      await this.#settle(session, offer, result);
      await this.#leaveEpoch();
      if (result.kind !== 'disconnected') this.#wake();
    } catch (error) {
      // The store failed: what it still holds as pending is offered again.
      const answered = this.#acknowledged.includes(offer.seq) || this.#conflicts.includes(offer.seq);
      if (!answered) this.#inFlight.delete(offer.seq);
      throw error;
    }
  }

  async #settle(session: UplinkSession, offer: Offer, result: UplinkResult): Promise<void> {
    const { store, log } = this.#options;
    if (result.kind === 'accepted') {
      this.#acknowledged.push(offer.seq);
      this.accepted++;
      this.#backOff.reset();
      return;
    }
    if (result.kind === 'conflict') {
      this.#conflicts.push(offer.seq);
      return;
    }
    try {
      if (result.kind === 'refused') {
        log.warn(
          { seq: offer.seq, detail: result.detail },
          'the gateway refuses this batch for good; it is kept in quarantine',
        );
        await store.refused(offer.seq, result.detail);
        await this.state();
      } else if (result.kind === 'schema-unknown') {
        await store.setSchemaKnown(session.gateway, offer.schemaHash, false);
        this.#schemaOnTheWay.delete(offer.schemaHash);
      } else if (result.kind === 'later') {
        this.#rest(result.detail);
      }
    } finally {
      this.#inFlight.delete(offer.seq);
    }
  }

  /** Opens a new epoch after a conflict, once every answer that names a seq of the old one is in. */
  async #leaveEpoch(): Promise<void> {
    if (this.#conflicts.length === 0 || this.outstanding > this.#conflicts.length + this.#acknowledged.length) return;
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    const { store, log } = this.#options;
    const seqs = this.#conflicts;
    await this.#record();
    log.warn(
      { seqs },
      'the gateway holds other batches of these numbers: this store was copied or restored; opening a new epoch',
    );
    await store.conflict(seqs[0]);
    for (const seq of seqs) this.#inFlight.delete(seq);
    this.#conflicts = [];
    await this.state();
  }

  /** The gateway says "not now": nothing is sent for a while. */
  #rest(detail: string): void {
    if (this.#resting || this.#closing) return;
    const restMs = this.#backOff.nextMs();
    this.#options.log.info({ detail, restMs }, 'the gateway cannot take batches now');
    this.#resting = true;
    this.#cancelRest = this.#options.clock.setTimer(restMs, () => {
      this.#resting = false;
      this.#wake();
    });
  }

  /** Sends a schema once to each gateway; those who need it meanwhile wait for the same answer. */
  #ensureSchema(session: UplinkSession, hash: string): Promise<UplinkResult> {
    const known = this.#schemaOnTheWay.get(hash);
    if (known) return known;
    const sending = this.#sendSchema(session, hash);
    this.#schemaOnTheWay.set(hash, sending);
    sending.catch(() => this.#schemaOnTheWay.delete(hash));
    return sending;
  }

  async #sendSchema(session: UplinkSession, hash: string): Promise<UplinkResult> {
    const { store, uplink } = this.#options;
    if (await store.schemaKnown(session.gateway, hash)) return { kind: 'accepted' };
    const bytes = await store.schema(hash);
    if (!bytes) return { kind: 'refused', detail: `the store has no schema ${hash}` };
    const result = await uplink.send('schema', bytes);
    if (result.kind === 'accepted') await store.setSchemaKnown(session.gateway, hash, true);
    else this.#schemaOnTheWay.delete(hash);
    return result;
  }

  async #onControl(payload: Uint8Array): Promise<void> {
    const control = decodeControl(payload);
    const { store, log } = this.#options;
    if (control.kind === 'resend') {
      const { batches } = await store.resend(control.ranges);
      log.info({ ranges: control.ranges, batches }, 'the gateway asks for batches again');
      await this.#pump();
    } else if (control.kind === 'schema-wanted' && this.#session) {
      await store.setSchemaKnown(this.#session.gateway, control.hash, false);
      this.#schemaOnTheWay.delete(control.hash);
    }
  }
}
