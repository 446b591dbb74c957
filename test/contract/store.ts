import type { Offer, Store } from '@iot/agent';
import { decodeBody, hexOf, type Lane, parseSchema, readHead, verifyDigest } from '@iot/batch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchAt, EARLIER_BOOT, PRESENT_BOOT, SCHEMA } from './store-batches.ts';

/** A place where a store can be opened, closed and opened again. */
export interface StorePlace {
  /** Opens the store of `unit-1` in the boot PRESENT_BOOT. */
  open(): Promise<Store>;
  remove(): Promise<void>;
}

const mapping = { boot: PRESENT_BOOT, source: 'gnss', offsetUs: 1_700_000_000_000_000, uncertaintyUs: 50 } as const;
const ALL: Parameters<Store['offer']>[0] = {
  limit: 100,
  lanes: ['alert', 'live', 'backlog'],
  inFlight: [],
  mappings: [mapping],
  waitedOutUs: 0,
  bytesMax: 64 * 1024,
};
const seqsOf = (offers: readonly Offer[]): number[] => offers.map(({ seq }) => seq);
const digestsOf = (offers: readonly Offer[]): string[] => offers.map(({ bytes }) => readHead(bytes).digest);

/** What any Store promises, whatever it keeps its batches in. */
export function describeStore(name: string, make: () => Promise<StorePlace>): void {
  describe(`store: ${name}`, () => {
    let place: StorePlace;
    let store: Store;
    beforeEach(async () => {
      place = await make();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });
    const reopen = async (): Promise<void> => {
      await store.close();
      store = await place.open();
    };

    describe('commit', () => {
      it('numbers batches from 1, contiguous, over commits and restarts', async () => {
        expect((await store.commit([batchAt(0), batchAt(1000)])).seqs).toEqual([1, 2]);
        expect((await store.commit([])).seqs).toEqual([]);
        expect((await store.commit([batchAt(2000)])).seqs).toEqual([3]);
        await reopen();
        expect((await store.commit([batchAt(3000)])).seqs).toEqual([4]);
        expect((await store.statement()).nextSeq).toBe(5);
      });

      it('keeps the schema once, and gives it back', async () => {
        await store.commit([batchAt(0), batchAt(1000)]);
        expect(Buffer.from((await store.schema(SCHEMA.hash))!).equals(SCHEMA.bytes)).toBe(true);
        expect(await store.schema('00'.repeat(16))).toBeUndefined();
      });

      it('makes a batch of a journal that was left, and says so', async () => {
        await store.commit([], batchAt(0));
        await store.commit([], batchAt(1000));
        await store.takeNotices();
        await reopen();
        const offers = await store.offer(ALL);
        expect(seqsOf(offers)).toEqual([1]);
        const head = readHead(offers[0].bytes);
        const { tables } = decodeBody(head, parseSchema(SCHEMA.bytes));
        expect([...tables[0].columns[0].values.slice(0, 4)]).toEqual([0, 1, 1000, 1001]);
        const notice = (await store.takeNotices()).find((candidate) => candidate.name === 'journal-recovered');
        expect(notice?.attributes).toMatchObject({ batches: 1, firstUs: 0, lastUs: 1_500_000 });
      });

      it('empties the journal with a cut', async () => {
        await store.commit([], batchAt(0));
        await store.commit([batchAt(0)]);
        await reopen();
        expect(seqsOf(await store.offer(ALL))).toEqual([1]);
      });
    });

    describe('offer', () => {
      it('gives the newest first within alert, live, backlog', async () => {
        const lanes: Lane[] = ['backlog', 'live', 'alert', 'live', 'backlog', 'alert'];
        await store.commit(lanes.map((lane, i) => batchAt(i * 1000, lane)));
        expect(seqsOf(await store.offer(ALL))).toEqual([6, 3, 4, 2, 5, 1]);
      });

      it('keeps to its limit, its lanes, and leaves out what is in flight', async () => {
        await store.commit([batchAt(0), batchAt(1000), batchAt(2000, 'alert'), batchAt(3000)]);
        expect(seqsOf(await store.offer({ ...ALL, limit: 2 }))).toEqual([3, 4]);
        expect(seqsOf(await store.offer({ ...ALL, limit: 2, inFlight: [3, 4] }))).toEqual([2, 1]);
        expect(seqsOf(await store.offer({ ...ALL, lanes: ['alert'] }))).toEqual([3]);
      });

      it('gives sealed batches whose digest is right', async () => {
        await store.commit([batchAt(5000)]);
        const [offer] = await store.offer(ALL);
        const head = readHead(offer.bytes);
        expect(verifyDigest(head)).toBe(true);
        expect(head).toMatchObject({ unit: 'unit-1', vehicle: 'car-1', seq: 1, lane: 'live', schemaHash: SCHEMA.hash });
        expect(hexOf(head.epoch)).toBe(store.epoch);
        expect(head.t0Us).toBe(5_000_000 + mapping.offsetUs);
        expect(head.clock).toEqual({ source: 'gnss', uncertaintyUs: 50 });
      });

      it('freezes the mapping: later ones and restarts change neither identity nor digest', async () => {
        await store.commit([batchAt(0), batchAt(1000)]);
        const first = digestsOf(await store.offer(ALL));
        expect(digestsOf(await store.offer({ ...ALL, mappings: [{ ...mapping, offsetUs: 5 }] }))).toEqual(first);
        await reopen();
        expect(digestsOf(await store.offer({ ...ALL, mappings: [] }))).toEqual(first);
      });

      it('keeps the digest when the lane changes', async () => {
        await store.commit([batchAt(0)]);
        const before = digestsOf(await store.offer(ALL));
        await store.demote(2_000_000);
        const [offer] = await store.offer(ALL);
        expect(offer.lane).toBe('backlog');
        expect(digestsOf([offer])).toEqual(before);
      });

      it.each([
        { name: 'waits for a clock', batch: batchAt(1000), waitedOutUs: 0, source: undefined },
        { name: 'goes without one when it has waited', batch: batchAt(1000), waitedOutUs: 2_000_000, source: 'none' },
        { name: 'goes at once as an alert', batch: batchAt(1000, 'alert'), waitedOutUs: 0, source: 'none' },
        {
          name: 'goes at once when its boot is past',
          batch: batchAt(1000, 'live', EARLIER_BOOT),
          waitedOutUs: 0,
          source: 'none',
        },
        {
          name: 'goes at once when it is of a recording',
          batch: batchAt(1000, 'live', null),
          waitedOutUs: 0,
          source: 'log',
        },
      ])('without a mapping, a batch $name', async ({ batch, waitedOutUs, source }) => {
        await store.commit([batch]);
        const offers = await store.offer({ ...ALL, mappings: [], waitedOutUs });
        expect(offers.length).toBe(source === undefined ? 0 : 1);
        if (source === undefined) return;
        const { clock, t0Us } = readHead(offers[0].bytes);
        expect(t0Us).toBe(1_000_000);
        expect(clock).toEqual({ source, uncertaintyUs: 0, ...(source === 'none' && { boot: batch.boot }) });
      });

      it('keeps what is larger than the gateway takes, and says so once', async () => {
        await store.commit([batchAt(0)]);
        await store.takeNotices();
        expect(await store.offer({ ...ALL, bytesMax: 20 })).toEqual([]);
        expect(await store.offer({ ...ALL, bytesMax: 20 })).toEqual([]);
        expect((await store.takeNotices()).map((notice) => notice.name)).toEqual(['batch-too-large']);
        expect(seqsOf(await store.offer(ALL))).toEqual([1]);
      });
    });

    describe('answers', () => {
      beforeEach(async () => {
        await store.commit([0, 1, 2, 3, 4].map((i) => batchAt(i * 1000)));
        await store.offer(ALL);
      });

      it('accepted: offered no more, kept, stated as ranges', async () => {
        await store.accepted([5, 1]);
        await store.accepted([2, 2]);
        expect(seqsOf(await store.offer(ALL))).toEqual([4, 3]);
        expect((await store.statement()).accepted).toEqual([
          [1, 2],
          [5, 5],
        ]);
        expect(await store.depth()).toMatchObject({ batches: 2, kept: 3 });
      });

      it('resend: what is kept goes again, with the digest it had', async () => {
        const digests = new Map((await store.offer(ALL)).map(({ seq, bytes }) => [seq, readHead(bytes).digest]));
        await store.accepted([1, 2, 3, 4, 5]);
        expect(await store.resend([[2, 3]])).toEqual({ batches: 2 });
        const again = await store.offer(ALL);
        expect(seqsOf(again)).toEqual([3, 2]);
        for (const { seq, bytes } of again) expect(readHead(bytes).digest).toBe(digests.get(seq));
        expect((await store.statement()).accepted).toEqual([
          [1, 1],
          [4, 5],
        ]);
      });

      it('refused: a gap with its reason, offered no more', async () => {
        await store.refused(3, 'schema refused by gateway');
        expect(seqsOf(await store.offer(ALL))).toEqual([5, 4, 2, 1]);
        expect((await store.statement()).gaps).toEqual([
          { from: 3, to: 3, reason: 'refused', detail: 'schema refused by gateway' },
        ]);
      });

      it('conflict: what was not accepted moves to a new epoch, and the old one is stated', async () => {
        const { epoch } = store;
        await store.accepted([1, 2]);
        await store.conflict(4);
        expect(store.epoch).not.toBe(epoch);
        const offers = await store.offer(ALL);
        expect(seqsOf(offers)).toEqual([3, 2, 1]);
        for (const { bytes } of offers) expect(hexOf(readHead(bytes).epoch)).toBe(store.epoch);
        expect(readHead(offers[2].bytes).t0Us).toBe(2_000_000 + mapping.offsetUs);
        const { predecessor, nextSeq } = await store.statement();
        expect(nextSeq).toBe(4);
        expect(hexOf(predecessor!.epoch)).toBe(epoch);
        expect(predecessor!.nextSeq).toBe(6);
        expect(predecessor!.accepted).toEqual([[1, 2]]);
        expect(predecessor!.gaps).toEqual([
          { from: 3, to: 5, reason: 'tail-unknown', detail: `moved to epoch ${store.epoch}` },
        ]);
      });

      it('to a batch that was never offered in this epoch mean nothing', async () => {
        await store.commit([batchAt(9000)]);
        await store.accepted([6, 77]);
        await store.refused(6, 'not this one');
        await store.conflict(6);
        expect((await store.statement()).accepted).toEqual([]);
        expect((await store.statement()).gaps).toEqual([]);
        expect(await store.depth()).toMatchObject({ batches: 6, kept: 0 });
      });

      it('outlive a restart', async () => {
        await store.accepted([1, 2]);
        await store.refused(4, 'no');
        const before = await store.statement(7);
        await reopen();
        expect(await store.statement(7)).toEqual({ ...before, depth: { ...before.depth } });
        expect(seqsOf(await store.offer(ALL))).toEqual([5, 3]);
      });
    });

    it('demotes live batches that are old, and only those', async () => {
      await store.commit([batchAt(1000), batchAt(5000), batchAt(1000, 'alert')]);
      await store.demote(3_000_000);
      expect((await store.offer(ALL)).map(({ seq, lane }) => [seq, lane])).toEqual([
        [3, 'alert'],
        [2, 'live'],
        [1, 'backlog'],
      ]);
    });

    it('states an empty store', async () => {
      const statement = await store.statement(42);
      expect(statement).toMatchObject({ unit: 'unit-1', nextSeq: 1, accepted: [], gaps: [], timeUs: 42 });
      expect(statement.depth).toEqual({ batches: 0, bytes: 0 });
    });

    it('knows which gateway knows a schema', async () => {
      await store.commit([batchAt(0)]);
      await store.setSchemaKnown('gateway-1', SCHEMA.hash, true);
      await reopen();
      expect(await store.schemaKnown('gateway-1', SCHEMA.hash)).toBe(true);
      expect(await store.schemaKnown('gateway-2', SCHEMA.hash)).toBe(false);
      await store.setSchemaKnown('gateway-1', SCHEMA.hash, false);
      expect(await store.schemaKnown('gateway-1', SCHEMA.hash)).toBe(false);
    });

    it('gives notices once, and again after a start where the events they became were not committed', async () => {
      const names = (await store.takeNotices()).map((notice) => notice.name);
      expect(names).toEqual(['store-opened']);
      expect(await store.takeNotices()).toEqual([]);
      await reopen();
      expect((await store.takeNotices()).length).toBe(2);
      await store.commit([batchAt(0)]);
      await reopen();
      expect((await store.takeNotices()).length).toBe(1);
    });
  });
}
