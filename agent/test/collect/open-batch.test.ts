import { decodeBatch, sealBatch } from '@iot/batch';
import type { Rows, TableDef } from '@iot/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { OpenBatch } from '../../src/collect/open-batch.ts';
import type { NewBatch } from '../../src/ports.ts';

const def = (name: string): TableDef => ({
  name,
  bus: 'can0',
  signals: [{ name: `${name}.Value`, unit: '', type: 'int32', scale: 1, offset: 0 }],
});

let cut: NewBatch[];
let open: OpenBatch;
beforeEach(() => {
  cut = [];
  open = new OpenBatch({
    vehicle: 'bus-7',
    boot: undefined,
    spanUs: 10_000_000,
    onCut: (batches) => cut.push(...batches),
  });
});

function add(rows: Rows, timeUs: number, value: number): void {
  if (!(timeUs < open.deadlineUs)) open.advance(timeUs);
  rows.reserve();
  rows.times[rows.count] = timeUs;
  rows.columns[0].values[rows.count] = value;
  rows.count++;
}

/** What a batch says, by way of the real codec. */
function contentOf({ schema, body, t0Us, lane, vehicle }: NewBatch) {
  const header = {
    unit: 'u',
    vehicle,
    epoch: new Uint8Array(16),
    seq: 1,
    lane,
    clock: { source: 'log', uncertaintyUs: 0 },
    t0Us,
  } as const;
  const decoded = decodeBatch(sealBatch(header, schema.hash, body).bytes, () => schema);
  const rows = decoded.tables.flatMap((table) =>
    Array.from({ length: table.count }, (_, row) => [
      table.def.name,
      table.times[row],
      Number(table.columns[0].values[row]),
    ]),
  );
  return { rows, events: decoded.events.map((event) => event.name) };
}

describe('OpenBatch', () => {
  it('is cut by the first row past its span, which begins the next', () => {
    const a = open.table(def('A'));
    for (const second of [0, 4, 9, 10, 11]) add(a, second * 1e6, second);
    open.cut();
    expect(cut.map(contentOf)).toEqual([
      {
        rows: [
          ['A', 0, 0],
          ['A', 4e6, 4],
          ['A', 9e6, 9],
        ],
        events: [],
      },
      {
        rows: [
          ['A', 10e6, 10],
          ['A', 11e6, 11],
        ],
        events: [],
      },
    ]);
  });

  it('gives the same rows for the same table, and cuts nothing when empty', () => {
    expect(open.table(def('A'))).toBe(open.table(def('A')));
    open.cut();
    expect(cut).toEqual([]);
  });

  it('keeps tables of one name with other signals apart', () => {
    const other = { ...def('A'), signals: def('B').signals };
    add(open.table(def('A')), 0, 1);
    add(open.table(other), 0, 2);
    expect(open.table(other)).toBe(open.table(other));
    open.cut();
    expect(contentOf(cut[0]).rows).toEqual([
      ['A', 0, 1],
      ['A′', 0, 2],
    ]);
  });

  it('takes several schemas where one would be too large, and the journal never fails', () => {
    const wide = (name: string): TableDef => ({
      ...def(name),
      signals: Array.from({ length: 8 }, (_, i) => ({
        ...def(name).signals[0],
        name: `${name}.${'long-name-'.repeat(6)}${i}`,
      })),
    });
    const tables = Array.from({ length: 300 }, (_, i) => open.table(wide(`T${i}`)));
    for (const [i, rows] of tables.entries()) add(rows, 0, i);
    open.event({ timeUs: 0, name: 'link-up', attributes: {} });
    expect(open.journal()).toBeUndefined();
    expect(cut.length).toBeGreaterThan(1);
    expect(Math.max(...cut.map((batch) => batch.schema.bytes.length))).toBeLessThan(64 * 1024);
    expect(cut.flatMap((batch) => contentOf(batch).rows)).toHaveLength(300);
    expect(cut.flatMap((batch) => contentOf(batch).events)).toEqual(['link-up']);
  });

  it('journals only what came since, and the cut batch holds it all', () => {
    const a = open.table(def('A'));
    add(a, 0, 1);
    add(a, 100, 2);
    expect(contentOf(open.journal()!).rows).toEqual([
      ['A', 0, 1],
      ['A', 100, 2],
    ]);
    expect(open.journal()).toBeUndefined();
    add(a, 200, 3);
    open.event({ timeUs: 300, name: 'link-up', attributes: {} });
    expect(contentOf(open.journal()!)).toEqual({ rows: [['A', 200, 3]], events: ['link-up'] });
    open.cut();
    expect(contentOf(cut[0])).toEqual({
      rows: [
        ['A', 0, 1],
        ['A', 100, 2],
        ['A', 200, 3],
      ],
      events: ['link-up'],
    });
  });

  it('an alert takes the moments before it along, at once', () => {
    add(open.table(def('A')), 0, 1);
    open.event({ timeUs: 100, name: 'bus-off', attributes: { bus: 'can0' } }, 'alert');
    expect(cut).toHaveLength(1);
    expect(cut[0].lane).toBe('alert');
    expect(contentOf(cut[0])).toEqual({ rows: [['A', 0, 1]], events: ['bus-off'] });
    add(open.table(def('A')), 200, 2);
    open.cut();
    expect(cut[1].lane).toBe('live');
  });

  it('splits what is too large for one batch, and loses nothing', () => {
    const a = open.table(def('A'));
    // Noise does not compress: 100,000 values of 31 bits make several times 48 KiB.
    let state = 1;
    const values = Array.from({ length: 100_000 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1;
      return state & 0x7fff_ffff;
    });
    for (const [i, value] of values.entries()) add(a, i * 100, value);
    open.cut();
    expect(cut.length).toBeGreaterThan(1);
    expect(Math.max(...cut.map((batch) => batch.body.bytes.length))).toBeLessThanOrEqual(48 * 1024);
    expect(cut.flatMap((batch) => contentOf(batch).rows.map(([, , value]) => value))).toEqual(values);
  });

  it('is cut when it grows large, whatever its span', () => {
    const a = open.table(def('A'));
    for (let i = 0; i < 250_000; i++) {
      add(a, i, 7);
      if (i % 1_000 === 0) open.cutIfLarge();
    }
    expect(cut.length).toBeGreaterThan(0);
  });
});
