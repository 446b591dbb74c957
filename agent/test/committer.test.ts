import { type BatchEvent, decodeBatch, type Lane, makeSchema, sealBatch } from '@iot/batch';
import { createLogger } from '@iot/host';
import { beforeEach, describe, expect, it } from 'vitest';
import { OpenBatch } from '../src/collect/open-batch.ts';
import { Committer } from '../src/committer.ts';
import { agentConfig } from '../src/config.ts';
import type { CanBus, NewBatch } from '../src/ports.ts';
import { Discipline } from '../src/time/discipline.ts';
import type { Sender } from '../src/uplink/sender.ts';
import { ManualClock } from './drivers/clock.ts';
import { quiet, ScriptedStore } from './uplink/fakes.ts';

const MIB = 1024 ** 2;
const EMPTY = makeSchema([]);

/** Notes what each commit was given; the next `failures` of them fail, and `demote` while it is told to. */
class CommitStore extends ScriptedStore {
  readonly commits: { cut: readonly NewBatch[]; journal: NewBatch | undefined; failed: boolean }[] = [];
  failures = 0;
  isDemoteFailing = false;
  closeFails = false;

  override async commit(cut: readonly NewBatch[], journal?: NewBatch) {
    const failed = this.failures > 0;
    this.commits.push({ cut, journal, failed });
    if (failed) {
      this.failures--;
      throw new Error('disk I/O error');
    }
    return { seqs: [] };
  }

  override async demote(): Promise<void> {
    this.calls.push('demote');
    if (this.isDemoteFailing) throw new Error('demote fails');
  }

  override async close(): Promise<void> {
    this.calls.push('close store');
    if (this.closeFails) throw new Error('close fails');
  }

  /** Batches of the commits that succeeded. */
  get kept(): NewBatch[] {
    return this.commits.filter(({ failed }) => !failed).flatMap(({ cut }) => cut);
  }
}

let clock: ManualClock;
let store: CommitStore;
let open: OpenBatch;
let committer: Committer;
let done: string[];

/** What the committer asks of a sender; each step is noted, and those named in `failing` reject. */
function fakeSender(failing: readonly string[]): Sender {
  const step = (name: string) => async (): Promise<void> => {
    done.push(name);
    if (failing.includes(name)) throw new Error(`${name} fails`);
  };
  return { open() {}, tick: step('tick'), state: step('state'), close: step('close sender') } as unknown as Sender;
}

function fakeBus(fails: boolean): CanBus {
  return {
    name: 'can0',
    timeBase: 'boot',
    ended: new Promise(() => {}),
    open: async () => {},
    health: () => ({ state: 'up', received: 0, transmitted: 0, overflowed: 0 }),
    close: async () => {
      done.push('close bus');
      if (fails) throw new Error('close fails');
    },
  };
}

function makeCommitter(failing: readonly string[] = [], buses: readonly CanBus[] = []): Committer {
  open = new OpenBatch({
    vehicle: 'car-1',
    boot: clock.bootId,
    spanUs: 5_000_000,
    onCut: (batches) => committer.take(batches),
  });
  committer = new Committer({
    config: agentConfig.parse({ unit: 'unit-1', vehicle: 'car-1', dataDir: '.', time: { system: 'ignore' } }),
    clock,
    log: createLogger('test', 'silent'),
    store,
    open,
    discipline: new Discipline({ boot: clock.bootId, notBeforeUs: 0, onEvent: () => {} }),
    sender: fakeSender(failing),
    buses,
    onCommit: () => {},
    isSystemClockSynchronised: () => false,
  });
  return committer;
}

beforeEach(() => {
  clock = new ManualClock();
  store = new CommitStore();
  done = [];
  makeCommitter();
});

/** A batch of so many bytes and ten readings, told apart by its time. */
function batchOf(bytes: number, t0Us: number, lane: Lane = 'live'): NewBatch {
  const body = { codec: 0, bytes: new Uint8Array(bytes), readings: 10 };
  return { vehicle: 'car-1', lane, schema: EMPTY, body, t0Us, endUs: t0Us, boot: clock.bootId };
}

function eventsOf({ schema, body, t0Us, lane, vehicle }: NewBatch): readonly BatchEvent[] {
  const clockOf = { source: 'none', uncertaintyUs: 0 } as const;
  const header = { unit: 'u', vehicle, epoch: new Uint8Array(16), seq: 1, lane, clock: clockOf, t0Us };
  return decodeBatch(sealBatch(header, schema.hash, body).bytes, () => schema).events;
}

const namesOf = (batch: NewBatch | undefined) => (batch ? eventsOf(batch).map(({ name }) => name) : []);

describe('a commit', () => {
  it('journals what is open, and cuts it when its span is over', async () => {
    committer.event('one', {});
    await committer.commit();
    committer.event('two', {});
    await committer.commit();
    clock.nowUs += 5_000_000;
    await committer.commit();
    expect(store.commits.map(({ cut, journal }) => [cut.map(namesOf), namesOf(journal)])).toEqual([
      [[], ['one']],
      [[], ['two']],
      [[['one', 'two']], []],
    ]);
  });

  it('that an alert asks for is at once, and does not journal what the alert took along', async () => {
    committer.event('before', {});
    committer.event('crash', {}, 'alert');
    await quiet();
    expect(store.commits).toHaveLength(1);
    const [{ cut, journal }] = store.commits;
    expect(cut.map(({ lane }) => lane)).toEqual(['alert']);
    expect(cut.map(namesOf)).toEqual([['before', 'crash']]);
    expect(journal).toBeUndefined();
  });

  it('comes at each interval', async () => {
    committer.start();
    for (let interval = 1; interval <= 3; interval++) {
      clock.next();
      await quiet();
      expect(store.commits).toHaveLength(interval);
    }
  });
});

describe('a commit that fails', () => {
  it('is done over with the same batches, once', async () => {
    const batches = [batchOf(100, 1), batchOf(100, 2)];
    committer.take(batches);
    store.failures = 2;
    for (let time = 0; time < 4; time++) await committer.commit();
    expect(store.commits.map(({ cut }) => cut)).toEqual([batches, batches, batches, []]);
    expect(committer.figures).toMatchObject({ commits: 2, batches: 2, readings: 20, waitingBytes: 0 });
  });

  it('puts its batches before those that came meanwhile', async () => {
    committer.take([batchOf(100, 1)]);
    store.failures = 1;
    await committer.commit();
    committer.take([batchOf(100, 2)]);
    await committer.commit();
    expect(store.kept.map(({ t0Us }) => t0Us)).toEqual([1, 2]);
  });

  it('makes the next one cut what is open, since its journal is lost', async () => {
    committer.event('one', {});
    store.failures = 1;
    await committer.commit();
    expect(namesOf(store.commits[0].journal)).toEqual(['one']);
    committer.event('two', {});
    await committer.commit();
    expect(store.kept.map(namesOf)).toEqual([['one', 'two']]);
    expect(store.commits[1].journal).toBeUndefined();
    committer.event('three', {});
    await committer.commit();
    expect(store.commits[2].cut).toEqual([]);
    expect(namesOf(store.commits[2].journal)).toEqual(['three']);
  });

  it('only after the store had it, in what follows, doubles nothing', async () => {
    makeCommitter(['tick']);
    store.isDemoteFailing = true;
    committer.take([batchOf(100, 1)]);
    await committer.commit();
    await committer.commit();
    expect(store.commits.map(({ cut }) => cut.length)).toEqual([1, 0]);
    expect(store.calls).toEqual(['demote', 'demote']);
    expect(done).toEqual(['tick', 'tick']);
  });

  it('for long drops the oldest, and says how many readings that was', async () => {
    store.failures = 1000;
    for (let t0Us = 1; t0Us <= 5; t0Us++) {
      committer.take([batchOf(5 * MIB, t0Us)]);
      await quiet();
    }
    expect(committer.figures).toMatchObject({ droppedReadings: 20, batches: 0 });
    expect(committer.figures.waitingBytes).toBeLessThanOrEqual(16 * MIB);
    store.failures = 0;
    await committer.commit();
    const large = store.kept.filter(({ body }) => body.bytes.length === 5 * MIB);
    expect(large.map(({ t0Us }) => t0Us)).toEqual([3, 4, 5]);
    const said = store.kept.filter((batch) => !large.includes(batch)).flatMap(eventsOf);
    expect(said.map(({ name }) => name)).toEqual(['readings-dropped', 'readings-dropped']);
    expect(said.map(({ attributes }) => attributes.readings)).toEqual([10, 10]);
  });
});

describe('pace', () => {
  it('holds a source that can wait until the store has what waits', async () => {
    committer.take([batchOf(2 * MIB, 1)]);
    await committer.pace();
    expect(committer.figures.waitingBytes).toBe(0);
    expect(store.kept).toHaveLength(1);
  });
});

describe('stop', () => {
  it('commits what is open, states, and closes everything, in this order', async () => {
    makeCommitter([], [fakeBus(false)]);
    committer.start();
    await committer.stop();
    expect(done).toEqual(['close bus', 'tick', 'state', 'close sender']);
    expect(store.calls.at(-1)).toBe('close store');
    expect(store.kept.map(namesOf)).toEqual([['agent-started', 'agent-stopped']]);
    expect(clock.nextUs).toBeUndefined();
  });

  it('takes each step whatever became of the one before', async () => {
    makeCommitter(['tick', 'state', 'close sender'], [fakeBus(true), fakeBus(true)]);
    store.failures = 1;
    store.isDemoteFailing = true;
    store.closeFails = true;
    committer.start();
    await committer.stop();
    expect(done.filter((step) => step !== 'tick')).toEqual(['close bus', 'close bus', 'state', 'close sender']);
    expect(store.calls.at(-1)).toBe('close store');
  });
});

describe('while commits fail', () => {
  it('nothing hurries: pace and alerts wait for the interval', async () => {
    // 20 failures end what would spin for ever.
    store.failures = 20;
    committer.start();
    committer.take([batchOf(2 * MIB, 1)]);
    let paced = false;
    const pacing = committer.pace().then(() => {
      paced = true;
    });
    await quiet();
    const hurried = store.commits.length;
    expect(hurried).toBeLessThanOrEqual(2);
    committer.event('crash', {}, 'alert');
    committer.take([batchOf(100, 2, 'alert')]);
    await quiet();
    expect(store.commits).toHaveLength(hurried);
    expect(paced).toBe(false);
    store.failures = 0;
    clock.next();
    await pacing;
    expect(committer.figures.waitingBytes).toBe(0);
  });

  it('the sender still records and sends', async () => {
    store.failures = 1;
    await committer.commit();
    expect(done).toEqual(['tick']);
  });
});
