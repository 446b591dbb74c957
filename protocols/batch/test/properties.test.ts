import { type ColumnType, QUALITY_OK, type Quality, type Rows, type TableDef } from '@iot/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BatchHeader,
  decodeBatch,
  embedSchema,
  encodeBody,
  makeSchema,
  sealBatch,
  verifyDigest,
} from '../src/index.ts';
import { type Cell, header, plainOf, rowsOf } from './samples.ts';

/** What goes in comes out, for all column types and shapes of rows. */

const int32 = fc.integer();
const int53 = fc.maxSafeInteger();
const bits64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** Sequences as vehicles make them: a walk with steps of one size, so that every predictor and storage has its turn. */
const walk = fc
  .tuple(
    fc.integer({ min: -1e9, max: 1e9 }),
    fc.constantFrom(0, 1, 3, 60, 200, 20_000, 1e6),
    fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 60 }),
  )
  .map(([start, scale, steps]) => {
    let value = start;
    return steps.map((step) => {
      value += Math.round((step / 100) * scale);
      return value;
    });
  });
const cells: Record<ColumnType, fc.Arbitrary<Cell>> = {
  int32,
  int53,
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: bits64,
  float32: bits64.map((bits) => bits & 0xffff_ffffn),
  float64: bits64,
  text: fc.string({ unit: 'binary', maxLength: 12 }),
};
const quality = fc.constantFrom<Quality>(1, 2, 3).map((code) => ({ quality: code }));

function columnOf(type: ColumnType, count: number): fc.Arbitrary<Cell[]> {
  const plain = fc.array(cells[type], { minLength: count, maxLength: count });
  const walked = walk.map((values) => Array.from({ length: count }, (_, i) => values[i % values.length]));
  const values: fc.Arbitrary<Cell[]> = type === 'int32' || type === 'int53' ? fc.oneof(walked, plain) : plain;
  const holes = fc.array(fc.option(quality, { freq: 3 }), { minLength: count, maxLength: count });
  return fc.oneof(
    { weight: 3, arbitrary: values },
    { weight: 1, arbitrary: fc.tuple(values, holes).map(([known, none]) => known.map((cell, i) => none[i] ?? cell)) },
  );
}

const types = Object.keys(cells) as ColumnType[];
const tableOf = (name: string): fc.Arbitrary<Rows> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...types), { maxLength: 5 }),
      fc.constantFrom(0, 1, 2, 3, 9, 40),
      fc.option(fc.nat(255)),
    )
    .chain(([columns, count, source]) => {
      const def: TableDef = {
        name,
        bus: 'can0',
        ...(source === null ? {} : { source }),
        signals: columns.map((type, i) => ({ name: `s${i}`, unit: '', type, scale: 1, offset: 0 })),
      };
      const times = fc.array(fc.integer({ min: -1000, max: 1e7 }), { minLength: count, maxLength: count });
      return fc.tuple(times, ...columns.map((type) => columnOf(type, count))).map(([ticks, ...values]) =>
        rowsOf(
          def,
          ticks.map((tick) => header.t0Us + tick * 100),
          values,
        ),
      );
    });

const headers: fc.Arbitrary<BatchHeader> = fc.record({
  unit: fc.string({ maxLength: 20 }),
  vehicle: fc.string({ unit: 'grapheme', maxLength: 20 }),
  epoch: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  lane: fc.constantFrom('alert', 'live', 'backlog'),
  clock: fc.oneof(
    fc.record({ source: fc.constantFrom('gnss', 'ntp', 'rtc', 'log'), uncertaintyUs: fc.nat() }),
    fc.record({
      source: fc.constant('none' as const),
      uncertaintyUs: fc.constant(0),
      boot: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    }),
  ),
  t0Us: fc.constant(header.t0Us),
});
const scalar = fc.oneof(
  fc.string(),
  fc.double().map((x) => (Object.is(x, -0) ? 0 : x)),
  fc.boolean(),
  fc.constant(null),
);
const event = fc.record({
  timeUs: fc.integer({ min: 0, max: 1e8 }).map((tick) => header.t0Us + tick * 100),
  name: fc.string({ maxLength: 20 }),
  attributes: fc.dictionary(fc.string({ maxLength: 8 }), scalar, { maxKeys: 4, noNullPrototype: true }),
});

describe('a batch', () => {
  const batch = fc.tuple(headers, tableOf('a'), tableOf('b'), tableOf('c'), fc.array(event, { maxLength: 3 }));

  it('comes out as it went in, in both forms, with one digest', () => {
    fc.assert(
      fc.property(batch, ([head, a, b, c, events]) => {
        const schema = makeSchema([a.def, b.def, c.def]);
        const body = encodeBody(schema, [c, a, b], events, head.t0Us);
        const { bytes, digest } = sealBatch(head, schema.hash, body);
        const whole = embedSchema(bytes, schema);
        const tables = [a, b, c].filter((rows) => rows.count > 0);
        for (const form of [bytes, whole]) {
          const decoded = decodeBatch(form, () => schema);
          expect(decoded.head).toMatchObject({ ...head, digest });
          expect(verifyDigest(decoded.head)).toBe(true);
          expect(plainOf(decoded)).toEqual(plainOf({ tables, events }));
        }
        const known = tables.flatMap((rows) => rows.columns.map((column) => rows.count - column.qualityRows.length));
        expect(body.readings).toBe(known.reduce((sum, n) => sum + n, QUALITY_OK));
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps its digest when its lane changes, and loses it when anything else does', () => {
    const schema = makeSchema([{ name: 't', bus: 'can0', signals: [] }]);
    const body = encodeBody(schema, [], [], header.t0Us);
    const { digest } = sealBatch(header, schema.hash, body);
    expect(sealBatch({ ...header, lane: 'backlog' }, schema.hash, body).digest).toBe(digest);
    const changes: Partial<BatchHeader>[] = [
      { unit: 'unit-043' },
      { vehicle: 'cab-043' },
      { epoch: new Uint8Array(16) },
      { seq: 1205 },
      { clock: { source: 'ntp', uncertaintyUs: 40 } },
      { clock: { source: 'gnss', uncertaintyUs: 41 } },
      { t0Us: header.t0Us + 1 },
    ];
    for (const change of changes)
      expect(sealBatch({ ...header, ...change }, schema.hash, body).digest).not.toBe(digest);
    const other = makeSchema([{ name: 'u', bus: 'can0', signals: [] }]);
    expect(sealBatch(header, other.hash, body).digest).not.toBe(digest);
  });

  it('rounds times to the nearest 100 µs of the capture clock', () => {
    const def: TableDef = { name: 't', bus: 'can0', signals: [] };
    const schema = makeSchema([def]);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1e10 }), { minLength: 1 }),
        fc.integer({ min: 0, max: 1e15 }),
        (offsets, t0Us) => {
          const rows = rowsOf(
            def,
            offsets.map((offset) => t0Us + offset),
            [],
          );
          const { bytes } = sealBatch({ ...header, t0Us }, schema.hash, encodeBody(schema, [rows], [], t0Us));
          const [decoded] = decodeBatch(bytes, () => schema).tables;
          offsets.forEach((offset, i) => {
            expect(Math.abs(decoded.times[i] - t0Us - offset)).toBeLessThanOrEqual(50);
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('encodeBody says what it cannot encode', () => {
  const def: TableDef = {
    name: 't',
    bus: 'can0',
    signals: [{ name: 's', unit: '', type: 'int53', scale: 1, offset: 0 }],
  };
  const schema = makeSchema([def]);
  const cases: { name: string; rows: Rows[]; message: RegExp }[] = [
    {
      name: 'a table that is not in the schema',
      rows: [rowsOf({ ...def, bus: 'can1' }, [], [[]])],
      message: /t on can1 is not in the schema/,
    },
    { name: 'a table given twice', rows: [rowsOf(def, [0], [[1]]), rowsOf(def, [0], [[1]])], message: /given twice/ },
    { name: 'a table with other signals', rows: [rowsOf({ ...def, signals: [] }, [0], [])], message: /other signals/ },
    { name: 'a value that is no integer', rows: [rowsOf(def, [0], [[0.5]])], message: /0\.5: no integer/ },
    { name: 'a time that is no number', rows: [rowsOf(def, [Number.NaN], [[1]])], message: /time of t is NaN/ },
    {
      name: 'more rows than a batch may hold',
      rows: [Object.assign(rowsOf(def, [0], [[1]]), { count: 100_001 })],
      message: /cut batches sooner/,
    },
  ];
  it.each(cases)('$name', ({ rows, message }) => {
    expect(() => encodeBody(schema, rows, [], 0)).toThrow(message);
  });
});
