import { encodeStatement, hexOf, readHead, type Statement } from '@iot/batch';
import type { Sink, SpoolEntry } from '@iot/gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Somewhere a sink delivers to, and from which what it delivered can be read back. */
export interface SinkPlace {
  open(): Promise<Sink>;
  /** A batch of `vehicle` as the spool gives it; each vehicle has a unit and an epoch of its own. */
  entryOf(vehicle: string, seq: number): SpoolEntry;
  /** Everything that was delivered: self-contained batches, in any order, repeats as they are kept. Called with the sink open. */
  read(sink: Sink): Promise<readonly Uint8Array[]>;
  /** Whether a repeated delivery leaves one batch (`one`), or consumers drop repeats by identity (`repeats`). */
  readonly keeps: 'one' | 'repeats';
  remove(): Promise<void>;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

function nameOf(bytes: Uint8Array): string {
  const { epoch, seq, digest } = readHead(bytes);
  return `${hexOf(epoch)}/${seq}/${digest}`;
}

/** What any Sink promises, wherever it delivers. */
export function describeSink(name: string, make: () => Promise<SinkPlace>): void {
  describe(`sink: ${name}`, () => {
    let place: SinkPlace;
    let sink: Sink;
    beforeEach(async () => {
      place = await make();
      sink = await place.open();
    });
    afterEach(async () => {
      await sink.close();
      await place.remove();
    });
    const reopen = async (): Promise<void> => {
      await sink.close();
      sink = await place.open();
    };
    const names = async (): Promise<string[]> => (await place.read(sink)).map(nameOf).sort();
    const namesOf = (entries: readonly SpoolEntry[]): string[] => entries.map(({ bytes }) => nameOf(bytes)).sort();

    it('what was delivered is there, byte by byte, after it was closed too', async () => {
      const entries = range(20).map((seq) => place.entryOf('cab-1', seq));
      await sink.deliver(entries);
      await reopen();
      const wanted = entries.map(({ bytes }) => hexOf(bytes)).sort();
      expect((await place.read(sink)).map(hexOf).sort()).toEqual(wanted);
    });

    it('nothing to deliver is delivered', async () => {
      await sink.deliver([]);
      expect(sink.health().state).toBe('up');
    });

    it('a delivery that is repeated, in part and in another order, changes nothing for who goes by identity', async () => {
      const entries = range(10).map((seq) => place.entryOf('cab-1', seq));
      await sink.deliver(entries);
      await sink.deliver([...entries.slice(5)].reverse());
      await reopen();
      await sink.deliver(entries.slice(0, 3));
      const kept = await names();
      expect([...new Set(kept)]).toEqual(namesOf(entries));
      if (place.keeps === 'one') expect(kept).toHaveLength(entries.length);
    });

    it('deliveries at the same time lose nothing', async () => {
      const groups = range(8).map((cab) => range(5).map((seq) => place.entryOf(`cab-${cab}`, seq)));
      await Promise.all(groups.map((entries) => sink.deliver(entries)));
      expect(await names()).toEqual(namesOf(groups.flat()));
    });

    it('bytes that are used again after the delivery are not what it keeps', async () => {
      const entry = place.entryOf('cab-1', 1);
      const shared = new Uint8Array(entry.bytes.length + 64);
      shared.set(entry.bytes, 32);
      const bytes = shared.subarray(32, 32 + entry.bytes.length);
      await sink.deliver([{ ...entry, head: readHead(bytes), bytes }]);
      shared.fill(0xff);
      expect(await names()).toEqual(namesOf([entry]));
    });

    it('takes statements', async () => {
      const { head } = place.entryOf('cab-1', 1);
      const statement: Statement = {
        unit: head.unit,
        vehicle: head.vehicle,
        epoch: head.epoch,
        nextSeq: 2,
        accepted: [[1, 1]],
        gaps: [],
        depth: { batches: 0, bytes: 0 },
      };
      await sink.deliverStatement(head.unit, statement, encodeStatement(statement));
      expect(sink.health().state).toBe('up');
    });

    it('claims nothing once it is closed', async () => {
      await sink.deliver([place.entryOf('cab-1', 1)]);
      await sink.close();
      await expect(sink.deliver([place.entryOf('cab-1', 2)])).rejects.toThrow();
      sink = await place.open();
      expect(await names()).toEqual(namesOf([place.entryOf('cab-1', 1)]));
    });
  });
}
