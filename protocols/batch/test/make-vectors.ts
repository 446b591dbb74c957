import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { ColumnType, TableDef } from '@iot/wire';
import {
  type BatchEvent,
  bytesOf,
  decodeBatch,
  embedSchema,
  encodeBody,
  encodeControl,
  encodeStatement,
  hexOf,
  makeSchema,
  sealBatch,
} from '../src/index.ts';
import { type Cell, header, plainOf, rowsOf } from './samples.ts';

/**
 * Writes ../vectors: `node test/make-vectors.ts`, once for a new version of the format, never to make a test pass.
 * What the valid ones must decode to is checked by a decoder that shares no code with ours, in cloud/decoders/python.
 */

function table(name: string, source: number | undefined, signals: Record<string, ColumnType>): TableDef {
  const defs = Object.entries(signals).map(([signal, type]) => ({
    name: `${name}.${signal}`,
    unit: 'u',
    type,
    scale: 0.5,
    offset: -40,
  }));
  return source === undefined ? { name, bus: 'can0', signals: defs } : { name, bus: 'can0', source, signals: defs };
}

interface Sample {
  readonly name: string;
  readonly tables: readonly { def: TableDef; timesUs: readonly number[]; columns: readonly (readonly Cell[])[] }[];
  readonly events?: readonly BatchEvent[];
}

const t0 = header.t0Us;
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** A sequence that looks like noise and is the same on every run (Lehmer, MINSTD). */
function noise(n: number, span: number): number[] {
  let state = 42;
  return count(n).map(() => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state % span;
  });
}

const samples: readonly Sample[] = [
  {
    name: 'one-row-tables',
    tables: [
      {
        def: table('fix', undefined, { Type: 'int32', Latitude: 'int32', Epoch: 'int53' }),
        timesUs: [t0 + 2500],
        columns: [[3], [145_890_523], [49_465_493_000]],
      },
      {
        def: table('speed', undefined, { Speed: 'int32', Valid: 'int32' }),
        timesUs: [t0 + 2900],
        columns: [[-22_473], [1]],
      },
    ],
  },
  {
    name: 'every-predictor-and-storage',
    tables: [
      {
        def: table('engine', 0, {
          Constant: 'int32',
          Ramp: 'int32',
          Small: 'int32',
          Noise: 'int32',
          Spikes: 'int32',
          Wide: 'int32',
          Huge: 'int53',
        }),
        timesUs: noise(200, 30).map((jitter, i) => t0 + (i * 100 + jitter) * 100),
        columns: [
          count(200).map(() => 5),
          count(200).map((i) => 1000 - 7 * i),
          noise(200, 5),
          noise(200, 200),
          noise(200, 100).map((v, i) => (i % 50 === 49 ? v * 40_000 : v)),
          noise(200, 30_000),
          noise(200, 2).map((v, i) => (i % 2 ? 1 : -1) * (Number.MAX_SAFE_INTEGER - v)),
        ],
      },
      {
        def: table('same-times', 3, { On: 'int32' }),
        timesUs: noise(200, 30).map((jitter, i) => t0 + (i * 100 + jitter + (i % 3)) * 100),
        columns: [count(200).map((i) => (i > 90 ? 1 : 0))],
      },
    ],
  },
  {
    name: 'times-are-rounded-to-100-us',
    tables: [
      {
        def: table('t', undefined, { V: 'int32' }),
        timesUs: [t0 - 149, t0 + 49, t0 + 51, t0 + 1_049],
        columns: [[1, 2, 3, 4]],
      },
    ],
  },
  {
    name: 'dictionaries',
    tables: [
      {
        def: table('wide', 255, { F32: 'float32', F64: 'float64', I64: 'int64', U64: 'uint64', Text: 'text' }),
        timesUs: [t0, t0 + 1000, t0 + 2000, t0 + 3000],
        columns: [
          [1.5, 0x7fc0_1234n, -0, 1.5],
          [Math.PI, 0xfff0_0000_0000_0001n, -0, Number.POSITIVE_INFINITY],
          [-(2n ** 63n), -1n, 2n ** 63n - 1n, 0n],
          [2n ** 64n - 1n, 1n, 1n, 1n],
          ['', 'Zürich', 'Zürich', '駅'],
        ],
      },
    ],
  },
  {
    name: 'quality',
    tables: [
      {
        def: table('j1939', 17, { Mixed: 'int32', Never: 'int32', Good: 'int32', Text: 'text' }),
        timesUs: count(6).map((i) => t0 + i * 100_000),
        columns: [
          [{ quality: 2 }, 10, { quality: 1 }, { quality: 1 }, { quality: 3 }, 11],
          count(6).map(() => ({ quality: 2 as const })),
          count(6),
          ['a', 'a', { quality: 1 }, 'b', 'b', { quality: 1 }],
        ],
      },
    ],
  },
  {
    name: 'events-only',
    tables: [],
    events: [
      {
        timeUs: t0,
        name: 'trip-started',
        attributes: { by: 'ignition', odometerKm: 2126.5, first: true, driver: null },
      },
      { timeUs: t0 + 1_000_000, name: 'store-evicted', attributes: { from: 310, to: 322 } },
    ],
  },
  { name: 'nothing', tables: [] },
];

const absent = table('absent', 1, { V: 'int32' });

function vectorOf(sample: Sample): object {
  const schema = makeSchema([...sample.tables.map((t) => t.def), absent]);
  const rows = sample.tables.map((t) => rowsOf(t.def, t.timesUs, t.columns));
  const body = encodeBody(schema, rows, sample.events ?? [], t0);
  const { bytes, digest } = sealBatch(header, schema.hash, body);
  const decoded = decodeBatch(bytes, () => schema);
  return {
    name: sample.name,
    uplink: hexOf(bytes),
    selfContained: hexOf(embedSchema(bytes, schema)),
    schema: hexOf(schema.bytes),
    schemaHash: schema.hash,
    digest,
    codec: body.codec,
    readings: body.readings,
    expect: plainOf(decoded),
  };
}

/** CBOR by hand: what is wrong is in the name. `batch` wraps a body into a batch of a schema with one int32 signal. */
const schema = makeSchema([absent]);
const headOf = (): string => {
  const sealed = hexOf(sealBatch(header, schema.hash, { codec: 1, bytes: new Uint8Array(0), readings: 0 }).bytes);
  return sealed.slice(0, -2);
};
const bstr = (hex: string): string => `59${(hex.length / 2).toString(16).padStart(4, '0')}${hex}`;
const plain = (body: string): string => headOf() + body;
const deflated = (bytes: Uint8Array): string => headOf() + bstr(hexOf(deflateRawSync(bytes, { level: 9 })));

const hostileBatches: readonly { name: string; hex: string; code: string }[] = [
  { name: 'empty', hex: '', code: 'batch/truncated' },
  { name: 'a-number', hex: '00', code: 'batch/bad-type' },
  { name: 'nested-1000-deep', hex: '81'.repeat(1000), code: 'batch/out-of-range' },
  { name: 'indefinite-array', hex: '9f01ff', code: 'batch/indefinite' },
  { name: 'array-claims-2-to-the-32', hex: '9affffffff', code: 'batch/out-of-range' },
  { name: 'version-is-a-bignum', hex: `84c25903e8${'ff'.repeat(1000)}`, code: 'batch/bad-type' },
  { name: 'version-from-the-future', hex: plain('8240404040').replace(/^8401/, '8402'), code: 'batch/bad-version' },
  { name: 'body-is-text', hex: plain('60'), code: 'batch/bad-type' },
  { name: 'body-claims-more-than-is-there', hex: plain('5a7fffffff00'), code: 'batch/truncated' },
  { name: 'bytes-after-the-body', hex: `${deflated(bytesOf('82404000'))}00`, code: 'batch/trailing' },
  { name: 'bytes-after-a-plain-body', hex: plain('824244404000'), code: 'batch/trailing' },
  { name: 'body-is-not-deflate', hex: plain('43ffffff'), code: 'batch/bad-deflate' },
  {
    name: 'bytes-after-the-end-of-deflate',
    hex: headOf() + bstr(`${hexOf(deflateRawSync(bytesOf('82414440')))}00`),
    code: 'batch/trailing',
  },
  { name: 'deflate-bomb-of-2-mb', hex: deflated(new Uint8Array(2_000_000)), code: 'batch/too-large' },
  { name: 'nested-inside-the-body', hex: deflated(new Uint8Array(200_000).fill(0x81)), code: 'batch/out-of-range' },
  { name: 'bignum-for-heads', hex: plain('82c25affffffff40'), code: 'batch/bad-type' },
  { name: 'rows-claim-2-to-the-31', hex: plain('8242c44044ffffff7f'), code: 'batch/out-of-range' },
  { name: 'rows-need-a-negative-count', hex: plain('82410440'), code: 'batch/out-of-range' },
  { name: 'heads-end-too-soon', hex: plain('824040'), code: 'batch/truncated' },
  { name: 'tails-end-too-soon', hex: plain('8241f440'), code: 'batch/truncated' },
  { name: 'number-of-56-bits', hex: plain('8241f447ffffffffffff7f'), code: 'batch/out-of-range' },
  { name: 'predictor-3', hex: plain('824364c44440'), code: 'batch/bad-plan' },
  { name: 'octets-end-too-soon', hex: plain('8343642444404100'), code: 'batch/truncated' },
  { name: 'octets-of-no-column', hex: plain('83424440404100'), code: 'batch/trailing' },
  { name: 'value-is-no-int32', hex: plain('8243544d4045ffffffff7f'), code: 'batch/out-of-range' },
  { name: 'dictionary-of-no-column', hex: plain('8442444040408100'), code: 'batch/trailing' },
];

const statement = encodeStatement({
  unit: 'unit-042',
  vehicle: 'cab-042',
  epoch: header.epoch,
  nextSeq: 1300,
  accepted: [
    [1, 309],
    [323, 1204],
  ],
  gaps: [{ from: 310, to: 322, reason: 'evicted', detail: 'store full' }],
  depth: { batches: 95, bytes: 31_000, oldestUs: t0 },
  timeUs: t0 + 60_000_000,
});
const messages = {
  statement: hexOf(statement),
  'schema-wanted': hexOf(encodeControl({ kind: 'schema-wanted', hash: schema.hash })),
  resend: hexOf(encodeControl({ kind: 'resend', epoch: header.epoch, ranges: [[310, 322]] })),
  conflict: hexOf(encodeControl({ kind: 'conflict', epoch: header.epoch, seq: 7 })),
  refused: hexOf(encodeControl({ kind: 'refused', epoch: header.epoch, seq: 7, detail: 'schema too large' })),
};

function write(name: string, content: object): void {
  writeFileSync(join(import.meta.dirname, '../vectors', name), `${JSON.stringify(content, null, 1)}\n`);
}

write('batches.json', samples.map(vectorOf));
write('hostile.json', { schema: hexOf(schema.bytes), batches: hostileBatches });
write('messages.json', messages);
