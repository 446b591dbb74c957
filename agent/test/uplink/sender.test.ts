import { createLogger } from '@iot/host';
import { beforeEach, describe, expect, it } from 'vitest';
import { Sender } from '../../src/uplink/sender.ts';
import { ManualClock } from '../drivers/clock.ts';
import { ACCEPTED, quiet, ScriptedStore, ScriptedUplink } from './fakes.ts';

const STATEMENT_MS = 60_000;

let clock: ManualClock;
let store: ScriptedStore;
let uplink: ScriptedUplink;
let sender: Sender;

beforeEach(() => {
  clock = new ManualClock();
  store = new ScriptedStore();
  uplink = new ScriptedUplink();
  sender = new Sender({
    store,
    uplink,
    clock,
    log: createLogger('test', 'silent'),
    random: () => 0,
    statementMs: STATEMENT_MS,
    mappings: () => [],
    waitedOutUs: () => 0,
    nowUs: () => undefined,
    onLink: () => {},
  });
  sender.open();
});

/** Connects, and waits until what can be sent is. */
async function connect(session: Parameters<ScriptedUplink['up']>[0] = {}): Promise<void> {
  uplink.up(session);
  await quiet();
}

async function answer(seq: number, result: Parameters<ScriptedUplink['answer']>[1]): Promise<void> {
  uplink.answer(seq, result);
  await quiet();
}

async function tick(): Promise<void> {
  await sender.tick();
  await quiet();
}

const count = (what: string) => uplink.sent.filter((sent) => sent === what).length;

describe('schemas', () => {
  it('go before the first batch that needs them, once to each gateway', async () => {
    store.add(1, 2);
    await connect();
    expect(uplink.sent.filter((what) => what !== 'statement')).toEqual(['schema', 'batch 2', 'batch 1']);
    uplink.down();
    await connect();
    expect(count('schema')).toBe(1);
    uplink.down();
    await connect({ gateway: 'g2' });
    expect(count('schema')).toBe(2);
  });

  it('go again when the gateway says that it does not know one', async () => {
    store.add(1);
    await connect();
    await answer(1, { kind: 'schema-unknown' });
    expect(uplink.sent.filter((what) => what !== 'statement')).toEqual(['schema', 'batch 1', 'schema', 'batch 1']);
  });

  it('hold their batches back where the gateway cannot take them now', async () => {
    store.add(1);
    uplink.nextSchema = { kind: 'later', detail: 'disk full' };
    await connect();
    expect(uplink.outstanding).toEqual([]);
    clock.next();
    await quiet();
    expect(uplink.sent.filter((what) => what !== 'statement')).toEqual(['schema', 'schema', 'batch 1']);
  });
});

describe('the window', () => {
  it('keeps two places for alerts', async () => {
    store.add(1, 2, 3, 4, 5);
    await connect({ window: 4 });
    expect(uplink.outstanding).toEqual([5, 4]);
    store.addIn('alert', 6);
    store.addIn('alert', 7);
    store.addIn('alert', 8);
    await tick();
    expect(uplink.outstanding).toEqual([5, 4, 8, 7]);
  });

  it('of one place is no reserve: something must go', async () => {
    store.add(1, 2);
    await connect({ window: 1 });
    expect(uplink.outstanding).toEqual([2]);
    await answer(2, ACCEPTED);
    expect(uplink.outstanding).toEqual([1]);
  });
});

describe('answers', () => {
  it('accepted: recorded together at the tick, and not offered meanwhile', async () => {
    store.add(1, 2);
    await connect();
    await answer(2, ACCEPTED);
    await answer(1, ACCEPTED);
    expect(store.calls).toEqual([]);
    expect(store.requests.at(-1)?.inFlight).toEqual([2, 1]);
    await tick();
    expect(store.calls).toEqual(['accepted 2,1']);
    expect(sender.outstanding).toBe(0);
    expect(sender.accepted).toBe(2);
  });

  it('accepted, and the store cannot record it: done over at the next tick, never sent twice', async () => {
    store.add(1);
    await connect();
    await answer(1, ACCEPTED);
    store.failNext.add('accepted');
    await expect(sender.tick()).rejects.toThrow('accepted fails');
    await tick();
    expect(store.calls).toEqual(['accepted 1', 'accepted 1']);
    expect(count('batch 1')).toBe(1);
  });

  it('accepted during a backlog: recorded without a tick, so that the list stays short', async () => {
    store.add(...Array.from({ length: 70 }, (_, index) => index + 1));
    await connect({ window: 12 });
    while (uplink.outstanding.length > 0) await answer(uplink.outstanding[0], ACCEPTED);
    expect(store.calls.map((call) => call.split(',').length)).toEqual([64]);
  });

  it('refused: quarantined with the reason, and stated at once', async () => {
    store.add(1);
    await connect();
    expect(count('statement')).toBe(1);
    await answer(1, { kind: 'refused', detail: 'too old' });
    expect(store.calls).toEqual(['refused 1 too old']);
    expect(count('statement')).toBe(2);
    expect(sender.outstanding).toBe(0);
  });

  it('later: rests, longer each time, until a batch is accepted', async () => {
    store.add(1);
    await connect();
    const rests: number[] = [];
    const later = async (): Promise<void> => {
      await answer(1, { kind: 'later', detail: 'full' });
      await tick();
      expect(uplink.outstanding).toEqual([]);
      rests.push(clock.nextUs! - clock.nowUs);
      clock.next();
      await quiet();
    };
    for (let again = 0; again < 3; again++) await later();
    expect(rests).toEqual([500_000, 1_000_000, 2_000_000]);
    await answer(1, ACCEPTED);
    store.add(2);
    await tick();
    expect(uplink.outstanding).toEqual([2]);
    await answer(2, { kind: 'later', detail: 'full' });
    expect(clock.nextUs! - clock.nowUs).toBe(500_000);
  });

  it('disconnected: offered again at the next connection', async () => {
    store.add(1, 2);
    await connect();
    uplink.down();
    await quiet();
    expect(sender.outstanding).toBe(0);
    await tick();
    expect(uplink.outstanding).toEqual([]);
    await connect();
    expect(uplink.outstanding).toEqual([2, 1]);
    expect(store.calls).toEqual([]);
  });
});

describe('statements', () => {
  it('go at each connection and every interval while it lasts', async () => {
    await connect();
    expect(count('statement')).toBe(1);
    expect(clock.nextUs! - clock.nowUs).toBe(STATEMENT_MS * 1000);
    clock.next();
    clock.next();
    await quiet();
    expect(count('statement')).toBe(3);
    uplink.down();
    expect(clock.nextUs).toBeUndefined();
    await connect();
    expect(count('statement')).toBe(4);
  });
});

describe('a conflict', () => {
  it('waits for the answers of its epoch, opens the new one once, and goes on there', async () => {
    store.add(1, 2, 3, 4);
    await connect();
    await answer(4, { kind: 'conflict' });
    await answer(3, ACCEPTED);
    await answer(2, { kind: 'conflict' });
    await tick();
    expect(store.calls).toEqual(['accepted 3']);
    await answer(1, ACCEPTED);
    expect(store.calls).toEqual(['accepted 3', 'accepted 1', 'conflict 4']);
    expect(count('statement')).toBe(2);
    expect(uplink.outstanding).toEqual([104, 102]);
    for (const seq of [104, 102]) await answer(seq, ACCEPTED);
    await tick();
    expect(store.calls).toEqual(['accepted 3', 'accepted 1', 'conflict 4', 'accepted 104,102']);
    expect(sender.outstanding).toBe(0);
  });

  it('ends its wait as well when the connection does', async () => {
    store.add(1, 2);
    await connect();
    await answer(2, { kind: 'conflict' });
    uplink.down();
    await quiet();
    expect(store.calls).toEqual(['conflict 2']);
    await connect();
    expect(uplink.outstanding).toEqual([102, 101]);
  });

  it('that the store cannot act on is tried again at the next tick; nothing of the old epoch goes out meanwhile', async () => {
    store.add(1);
    await connect();
    store.failNext.add('conflict');
    store.add(2);
    await answer(1, { kind: 'conflict' });
    expect(store.calls).toEqual(['conflict 1']);
    expect(uplink.outstanding).toEqual([]);
    await tick();
    expect(store.calls).toEqual(['conflict 1', 'conflict 1']);
    expect(uplink.outstanding).toEqual([102, 101]);
  });

  it('keeps what the store was about to offer from going out', async () => {
    store.add(1);
    await connect();
    const { promise, resolve } = Promise.withResolvers<void>();
    store.offerWhen = promise;
    store.add(2);
    const offered = sender.tick();
    await quiet();
    await answer(1, { kind: 'conflict' });
    expect(store.calls).toEqual([]);
    store.offerWhen = undefined;
    resolve();
    await offered;
    await quiet();
    await tick();
    expect(count('batch 2')).toBe(0);
    expect(store.calls).toEqual(['conflict 1']);
    expect(uplink.outstanding).toEqual([102, 101]);
  });
});

describe('close', () => {
  it('records what was acknowledged, and leaves the rest to the next start', async () => {
    store.add(1, 2);
    await connect();
    await answer(2, ACCEPTED);
    await sender.close();
    expect(store.calls).toEqual(['accepted 2']);
    expect(store.pending.map(({ seq }) => seq)).toEqual([1]);
    expect(clock.nextUs).toBeUndefined();
  });
});
