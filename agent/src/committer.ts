import type { BatchEvent } from '@iot/batch';
import type { Logger } from '@iot/host';
import type { OpenBatch } from './collect/open-batch.ts';
import type { AgentConfig } from './config.ts';
import type { CanBus, Clock, NewBatch, Store } from './ports.ts';
import type { Discipline } from './time/discipline.ts';
import type { Sender } from './uplink/sender.ts';

/** Bytes of cut batches that wait in memory for the store; a stalled disk fills this, nothing else grows. */
const WAITING_BYTES_MAX = 16 * 1024 ** 2;
/** Waiting bytes at which a source that can wait (a recording, flat out) is asked to. */
const WAITING_BYTES_HIGH = 1024 ** 2;
const EARLY_EVENTS_MAX = 256;

export interface CommitterParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: Store;
  readonly open: OpenBatch;
  readonly discipline: Discipline;
  /** Undefined where there is no gateway: batches stay in the store. */
  readonly sender: Sender | undefined;
  readonly buses: readonly CanBus[];
  /** Run at each commit: what must be looked at regularly (clock sources, health). */
  readonly onCommit: () => void;
  readonly isSystemClockSynchronised: () => boolean;
}

export interface CommitFigures {
  readonly commits: number;
  readonly batches: number;
  readonly readings: number;
  readonly droppedReadings: number;
  readonly waitingBytes: number;
}

/**
 * The rhythm of the agent: collectors fill the open batch; every commit interval what was cut goes to the store, what is
 * still open goes to its journal, and the sender sends what there is room for.
 */
export class Committer {
  readonly #parts: CommitterParts;
  readonly #busStates = new Map<string, string>();
  #waiting: NewBatch[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #journalLost = false;
  /** The last commit failed: told once, and nothing hurries until one succeeds. */
  #failing = false;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;
  #commits = 0;
  #batches = 0;
  #readings = 0;
  #droppedReadings = 0;
  #waiters: (() => void)[] = [];
  /** What happened before a recording told its first time. */
  #early: { name: string; attributes: BatchEvent['attributes'] }[] = [];

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  start(): void {
    this.event('agent-started', { unit: this.#parts.config.unit });
    this.#schedule();
    this.#parts.sender?.open();
  }

  get figures(): CommitFigures {
    return {
      commits: this.#commits,
      batches: this.#batches,
      readings: this.#readings,
      droppedReadings: this.#droppedReadings,
      waitingBytes: this.#waitingBytes,
    };
  }

  /** What the open batch cuts comes here. */
  take(batches: readonly NewBatch[]): void {
    for (const batch of batches) {
      this.#waiting.push(batch);
      this.#waitingBytes += batch.body.bytes.length;
    }
    this.#dropOverflow();
    const urgent = batches.some((batch) => batch.lane === 'alert') || this.#waitingBytes > WAITING_BYTES_HIGH;
    if (urgent && !this.#failing) void this.commit();
  }

  /** Resolves when there is room: for sources that can wait. Live buses never do. */
  async pace(): Promise<void> {
    while (this.#waitingBytes > WAITING_BYTES_HIGH && !this.#stopped) {
      // A store that fails is tried at the commit interval, not as fast as a recording could ask.
      if (!this.#failing) void this.commit();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  event(name: string, attributes: BatchEvent['attributes'], lane: 'alert' | 'live' = 'live'): void {
    const timeUs = this.#nowUs();
    if (timeUs === undefined) {
      if (this.#early.length < EARLY_EVENTS_MAX) this.#early.push({ name, attributes });
    } else this.#parts.open.event({ timeUs, name, attributes }, lane);
  }

  onLink(up: boolean, detail: string): void {
    const { batch } = this.#parts.config;
    this.#parts.log.info({ up, detail }, up ? 'link up' : 'link down');
    this.#parts.open.spanUs = (up ? batch.live : batch.backlog) * 1000;
    this.event(up ? 'link-up' : 'link-down', { detail });
  }

  /**
   * Commits what is there. One at a time: a call during a commit waits for it and then commits what came meanwhile. Never
   * rejects: what fails is logged, and done over at the next.
   */
  async commit(): Promise<void> {
    while (this.#committing) await this.#committing;
    const { log } = this.#parts;
    // Begun in a turn of its own: what the commit cuts may ask for the next before this one is noted.
    this.#committing = Promise.resolve()
      .then(() => this.#commitOnce())
      .catch((error: unknown) => log.error(error, 'a commit failed; the next does it over'))
      .finally(() => {
        this.#committing = undefined;
        for (const waiter of this.#waiters.splice(0)) waiter();
      });
    await this.#committing;
  }

  /** Cuts and commits everything, says a last word to the gateway, closes: each step whatever became of the one before. */
  async stop(): Promise<void> {
    const { buses, open, sender, store, log } = this.#parts;
    this.#stopped = true;
    this.#cancelTimer?.();
    for (const waiter of this.#waiters.splice(0)) waiter();
    const step = (what: string, work: Promise<unknown> | undefined): Promise<unknown> | undefined =>
      work?.catch((error: unknown) => log.error(error, what));
    for (const bus of buses) await step(`closing ${bus.name}`, bus.close());
    this.event('agent-stopped', {});
    open.cut();
    await this.commit();
    // What is in memory alone is worth a second try: nothing comes after this.
    if (this.#failing) await this.commit();
    await step('the last statement', sender?.state());
    await step('closing the uplink', sender?.close());
    await step('closing the store', store.close());
  }

  #schedule(): void {
    this.#cancelTimer = this.#parts.clock.setTimer(this.#parts.config.store.commit, () => {
      this.commit().finally(() => {
        if (!this.#stopped) this.#schedule();
      });
    });
  }

  async #commitOnce(): Promise<void> {
    const { open, store, clock, sender, config, log } = this.#parts;
    this.#watch();
    if (this.#early.length > 0 && this.#nowUs() !== undefined) {
      for (const { name, attributes } of this.#early.splice(0)) this.event(name, attributes);
    }
    const due = !this.#onLogTime() && !open.empty && clock.bootUs() >= open.deadlineUs;
    if (due || this.#journalLost) open.cut();
    const journal = open.journal();
    const cut = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    await store.commit(cut, journal).then(
      () => this.#committed(cut),
      (error: unknown) => this.#putBack(cut, error),
    );
    const failed = (what: string) => (error: unknown) => log.error(error, what);
    await store.demote(clock.bootUs() - config.batch.demoteAfter * 1000).catch(failed('demoting old batches'));
    await sender?.tick().catch(failed('sending'));
    for (const notice of await store.takeNotices().catch(() => [])) {
      log.info(notice, 'store');
      this.event(notice.name, notice.attributes);
    }
  }

  #committed(cut: readonly NewBatch[]): void {
    if (this.#failing) this.#parts.log.info('the store commits again');
    this.#failing = false;
    this.#journalLost = false;
    this.#commits++;
    this.#batches += cut.length;
    for (const batch of cut) this.#readings += batch.body.readings;
  }

  /** A commit that failed has done nothing: its batches wait for the next, which also takes what the journal missed. */
  #putBack(cut: readonly NewBatch[], error: unknown): void {
    if (!this.#failing)
      this.#parts.log.error(
        error,
        'the store cannot commit: readings wait in memory, and the oldest are dropped when that is full',
      );
    this.#waiting = [...cut, ...this.#waiting];
    for (const batch of cut) this.#waitingBytes += batch.body.bytes.length;
    this.#journalLost = true;
    this.#failing = true;
    this.#dropOverflow();
  }

  #watch(): void {
    const { discipline, clock, config, buses, isSystemClockSynchronised, onCommit } = this.#parts;
    const { system } = config.time;
    if (system !== 'ignore') {
      discipline.system(clock.bootUs(), clock.wallUs(), system === 'trust' || isSystemClockSynchronised());
    }
    for (const bus of buses) {
      const { state, detail } = bus.health();
      const before = this.#busStates.get(bus.name);
      if (before === state) continue;
      this.#busStates.set(bus.name, state);
      this.#parts.log.info({ bus: bus.name, state, detail }, 'bus');
      this.event('bus-state', { bus: bus.name, state, ...(detail !== undefined && { detail }) });
    }
    onCommit();
  }

  #dropOverflow(): void {
    let dropped = 0;
    while (this.#waitingBytes > WAITING_BYTES_MAX && this.#waiting.length > 1) {
      const batch = this.#waiting.shift()!;
      this.#waitingBytes -= batch.body.bytes.length;
      dropped += batch.body.readings;
    }
    if (dropped === 0) return;
    this.#droppedReadings += dropped;
    this.event('readings-dropped', { readings: dropped, why: 'the store could not commit for too long' });
  }

  #onLogTime(): boolean {
    return this.#parts.buses.some((bus) => bus.timeBase === 'log');
  }

  /** Now, on the clock that the batches' times are on; a recording's is that of its latest batch. */
  #nowUs(): number | undefined {
    return this.#onLogTime() ? this.#parts.open.startedUs : this.#parts.clock.bootUs();
  }
}
