import { type BatchEvent, decodeBody, ENCODED_BYTES_MAX, encodeBody, makeSchema, type Schema } from '@iot/batch';
import { Rows, type TableDef } from '@iot/wire';
import { describe, expect, it } from 'vitest';
import type { NewBatch } from '../../src/ports.ts';
import { contentOf } from '../../src/store/content.ts';
import { append, recoverJournal } from '../../src/store/journal.ts';
import type { JournalRow } from '../../src/store/layout.ts';
import { BOOT, batchAt, EARLIER_BOOT, SCHEMA } from './batches.ts';

const rowOf = (batch: NewBatch, id: number): JournalRow => ({
  ...contentOf(batch),
  id,
  hash: batch.schema.hash,
  body: batch.body.bytes,
});
const recover = (batches: readonly NewBatch[], schema: Schema = SCHEMA) =>
  recoverJournal(batches.map(rowOf), () => schema);

function decoded(batch: NewBatch) {
  const { body, t0Us } = batch;
  const nowhere = { unit: '', vehicle: '', epoch: new Uint8Array(16), seq: 1, digest: '', lane: 'live' } as const;
  const clock = { source: 'log', uncertaintyUs: 0 } as const;
  const head = { ...nowhere, clock, t0Us, codec: body.codec, schemaHash: batch.schema.hash, body: body.bytes };
  return decodeBody(head, batch.schema);
}

describe('a journal that was left', () => {
  it('becomes one batch where boot, vehicle and schema are one', () => {
    const [batch, ...more] = recover([batchAt(1000), batchAt(2000, { lane: 'alert' }), batchAt(3000)]);
    expect(more).toEqual([]);
    expect(batch).toMatchObject({ lane: 'alert', t0Us: 1_000_000, endUs: 3_500_000, vehicle: 'car-1', boot: BOOT });
    const { tables, events } = decoded({ ...batch, schema: SCHEMA });
    expect(Array.from(tables[0].times.slice(0, 6))).toEqual(
      [1000, 1500, 2000, 2500, 3000, 3500].map((ms) => ms * 1000),
    );
    expect([...tables[0].columns[0].values.slice(0, 6)]).toEqual([1000, 1001, 2000, 2001, 3000, 3001]);
    expect(events.map((event) => event.attributes.startMs)).toEqual([1000, 2000, 3000]);
    expect(batch.body.readings).toBe(18);
  });

  it.each([
    { name: 'boots', other: { boot: EARLIER_BOOT } },
    { name: 'vehicles', other: { vehicle: 'car-2' } },
    { name: 'time bases', other: { boot: undefined } },
  ])('keeps $name apart', ({ other }) => {
    expect(recover([batchAt(1000), batchAt(2000, other), batchAt(3000), batchAt(4000, other)])).toHaveLength(2);
  });

  it('makes no batch larger than may be sent', () => {
    const batches = Array.from({ length: 12 }, (_, i) => batchAt(i * 1000, { ballast: 15_000 }));
    const recovered = recover(batches);
    expect(recovered.length).toBeGreaterThan(1);
    expect(recovered.length).toBeLessThan(12);
    for (const { body } of recovered) expect(body.bytes.length).toBeLessThan(ENCODED_BYTES_MAX);
    expect(recovered.reduce((sum, { body }) => sum + body.readings, 0)).toBe(12 * 6);
  });

  it('keeps a body that does not decode as it is', () => {
    const broken = { ...batchAt(2000), body: { codec: 1, bytes: new Uint8Array([1, 2, 3]), readings: 4 } };
    const recovered = recover([batchAt(1000), broken]);
    expect(recovered.map(({ body }) => body.bytes.length)).toEqual([batchAt(1000).body.bytes.length, 3]);
  });
});

describe('appending rows', () => {
  const def: TableDef = {
    name: 'All',
    bus: 'can0',
    signals: (['int32', 'int53', 'int64', 'uint64', 'float32', 'float64', 'text'] as const).map((type) => ({
      name: type,
      unit: '',
      type,
      scale: 1,
      offset: 0,
    })),
  };
  /** NaNs with a payload: a copy by way of a number may change them. */
  function part(start: number): Rows {
    const rows = new Rows(def, 1);
    for (let i = 0; i < 3; i++) {
      rows.reserve();
      const at = rows.count++;
      rows.times[at] = (start + i) * 1000;
      const values = [
        start + i,
        2 ** 40 + i,
        -(2n ** 60n) - BigInt(i),
        2n ** 63n + BigInt(start),
        0,
        0,
        `row ${start + i}`,
      ];
      values.forEach((value, column) => {
        (rows.columns[column].values as unknown[])[at] = value;
      });
      rows.columns[4].bits![at] = 0x7fa0_0001 + i;
      rows.columns[5].bits![at * 2] = start;
      rows.columns[5].bits![at * 2 + 1] = 0x7ff4_0000;
    }
    rows.columns[0].values[1] = 0;
    rows.columns[0].qualityRows.push(1);
    rows.columns[0].qualityCodes.push(2);
    return rows;
  }

  it('keeps every type bit by bit, with qualities at their rows', () => {
    const rows = part(0);
    append(rows, part(10));
    expect(rows.count).toBe(6);
    expect(rows.columns[0].qualityRows).toEqual([1, 4]);
    expect(rows.columns[0].qualityCodes).toEqual([2, 2]);
    expect(Array.from(rows.columns[4].bits!.slice(0, 6))).toEqual([0, 1, 2, 0, 1, 2].map((i) => 0x7fa0_0001 + i));
    expect(Array.from(rows.columns[5].bits!.slice(6, 8))).toEqual([10, 0x7ff4_0000]);
    expect(rows.columns[2].values[5]).toBe(-(2n ** 60n) - 2n);
    expect(rows.columns[6].values.slice(0, 6)).toEqual(['row 0', 'row 1', 'row 2', 'row 10', 'row 11', 'row 12']);
  });

  it('gives the body that the rows together would have had', () => {
    const schema = makeSchema([def]);
    const events: BatchEvent[] = [];
    const parts = [part(0), part(10), part(20)];
    const whole = part(0);
    for (const rows of parts.slice(1)) append(whole, rows);
    const batches = parts.map((rows, i): NewBatch => {
      const t0Us = i * 10_000;
      const body = encodeBody(schema, [rows], events, t0Us);
      return { vehicle: 'v', lane: 'live', schema, body, t0Us, endUs: t0Us + 2000 };
    });
    const [merged, ...more] = recover(batches, schema);
    expect(more).toEqual([]);
    expect(Buffer.from(merged.body.bytes).equals(encodeBody(schema, [whole], events, 0).bytes)).toBe(true);
  });
});
