import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isDecodeError, type TableDef } from '@iot/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  decodeBatch,
  decodeBody,
  decodeControl,
  decodeStatement,
  encodeBody,
  makeSchema,
  parseSchema,
  readHead,
  type Schema,
  sealBatch,
  VALUES_MAX,
} from '../src/index.ts';
import { header, rowsOf } from './samples.ts';

/** Each decoder meets over 100,000 inputs that nobody meant: they end in a DecodeError, or in something small. */
const RUNS = 1_300;
const INPUTS_A_RUN = 80;

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', name), 'utf8'));
const vectors: { uplink: string; selfContained: string; schema: string }[] = read('batches.json');

/** Small, seeded and fast (xorshift32): fast-check gives the seed and shrinks it. */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Heads that claim much, tags, indefinite lengths, bignums, floats, breaks. */
const NASTY = [
  '9bffffffffffffffff',
  '5affffffff',
  'c25903e8',
  '9f',
  'bf',
  '5f',
  'ff',
  'fb7ff8000000000001',
  'd84f',
  '1bffffffffffffffff',
  'f97e00',
  '80',
  '7f',
].map(bytesOf);

/** The input with some bytes flipped, cut, doubled, or replaced by something nasty. */
function mutate(input: Uint8Array, below: (n: number) => number): Uint8Array {
  let bytes = input.slice();
  for (let changes = 1 + below(3); changes > 0 && bytes.length > 0; changes--) {
    const at = below(bytes.length);
    const kind = below(6);
    if (kind < 2) bytes[at] = below(256);
    else if (kind === 2) bytes[at] ^= 1 << below(8);
    else if (kind === 3) bytes = bytes.slice(0, at);
    else if (kind === 4)
      bytes = concat(bytes.subarray(0, at), NASTY[below(NASTY.length)], bytes.subarray(at + below(2)));
    else bytes = concat(bytes.subarray(0, at), bytes.subarray(below(bytes.length)));
  }
  return bytes;
}

function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

/** Runs `decode` on mutations of `inputs`. What it throws must be a DecodeError; it may also accept. */
function attack<T extends Uint8Array>(inputs: readonly T[], decode: (bytes: Uint8Array, input: T) => void): void {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const below = generator(seed);
      for (let i = 0; i < INPUTS_A_RUN; i++) {
        const input = inputs[below(inputs.length)];
        const bytes = mutate(input, below);
        try {
          decode(bytes, input);
        } catch (error) {
          if (!isDecodeError(error))
            throw new Error(`not a DecodeError, for ${Buffer.from(bytes).toString('hex')}`, { cause: error });
        }
      }
    }),
    { numRuns: RUNS },
  );
}

describe('mutated', () => {
  it('batches', () => {
    const inputs = vectors.flatMap(({ uplink, selfContained }) => [bytesOf(uplink), bytesOf(selfContained)]);
    const schemas = new Map(
      vectors.map(({ schema }) => parseSchema(bytesOf(schema))).map((schema) => [schema.hash, schema]),
    );
    attack(inputs, (bytes) => decodeBatch(bytes, (hash) => schemas.get(hash)));
  });

  it('bodies, behind a sound header', () => {
    const bodies = vectors.map(({ uplink, schema }) => {
      const head = readHead(bytesOf(uplink));
      const body = head.codec === 1 ? inflateRawSync(head.body) : head.body;
      return { head, body: new Uint8Array(body), schema: parseSchema(bytesOf(schema)) };
    });
    const byBody = new Map(bodies.map((entry) => [entry.body, entry]));
    attack([...byBody.keys()], (bytes, input) => {
      const { head, schema } = byBody.get(input)!;
      const { tables } = decodeBody({ ...head, codec: 0, body: bytes }, schema);
      const values = tables.reduce((sum, rows) => sum + rows.count * (rows.columns.length + 1), 0);
      if (values > VALUES_MAX) throw new Error(`${values} values were made`);
    });
  });

  it('schemas', () => {
    attack(
      vectors.map(({ schema }) => bytesOf(schema)),
      parseSchema,
    );
  });

  const messages: Record<string, string> = read('messages.json');
  it('statements', () => {
    attack([bytesOf(messages.statement)], decodeStatement);
  });

  it('control messages', () => {
    attack(Object.values(messages).map(bytesOf), decodeControl);
  });
});

describe('bombs are refused for what they claim', () => {
  const def: TableDef = {
    name: 't',
    bus: 'can0',
    signals: [{ name: 's', unit: '', type: 'int32', scale: 1, offset: 0 }],
  };
  const schema = makeSchema([def]);
  const wide: Schema = makeSchema([
    { ...def, signals: Array.from({ length: 900 }, (_, i) => ({ ...def.signals[0], name: `s${i}` })) },
  ]);
  const zeros = (n: number): Uint8Array => new Uint8Array(n);
  const sealed = (codec: number, bytes: Uint8Array, of = schema): Uint8Array =>
    sealBatch(header, of.hash, { codec, bytes, readings: 0 }).bytes;
  const decode = (bytes: Uint8Array, of = schema): void => {
    decodeBatch(bytes, () => of);
  };
  const cases: { name: string; run: () => void; code: string }[] = [
    {
      name: 'a batch of 60,000 nested arrays',
      run: () => decode(zeros(60_000).fill(0x81)),
      code: 'batch/out-of-range',
    },
    {
      name: 'a body of 1,000,000 nested arrays',
      run: () => decode(sealed(1, deflateRawSync(zeros(1_000_000).fill(0x81)))),
      code: 'batch/out-of-range',
    },
    {
      name: 'a schema of 60,000 nested arrays',
      run: () => parseSchema(zeros(60_000).fill(0x81)),
      code: 'batch/out-of-range',
    },
    {
      name: 'a statement of 60,000 nested tags',
      run: () => decodeStatement(zeros(60_000).fill(0xc2)),
      code: 'batch/bad-type',
    },
    {
      name: 'a bignum of 60 kB',
      run: () => decodeControl(concat(bytesOf('8301c259ea60'), zeros(60_000).fill(0xff))),
      code: 'batch/bad-type',
    },
    {
      name: 'DEFLATE of 50 MB',
      run: () => decode(sealed(1, deflateRawSync(zeros(50_000_000)))),
      code: 'batch/too-large',
    },
    {
      name: '100,000 constant rows of 900 signals',
      run: () => decode(sealed(0, bytesOf('8242b44043a08601')), wide),
      code: 'batch/too-large',
    },
    { name: 'a batch of 70 kB', run: () => decode(sealed(1, zeros(70_000))), code: 'batch/too-long' },
    { name: 'a message of 1 MB', run: () => decode(zeros(1_000_000)), code: 'batch/too-long' },
  ];
  it.each(cases)('$name: $code', ({ run, code }) => {
    expect(run).toThrow(expect.objectContaining({ name: 'DecodeError', code }));
  });

  it('names like __proto__ stay names', () => {
    const attributes = JSON.parse('{"__proto__": 1, "constructor": "x"}');
    const body = encodeBody(schema, [rowsOf(def, [0], [[1]])], [{ timeUs: 0, name: 'n', attributes }], 0);
    const { events } = decodeBatch(sealBatch({ ...header, t0Us: 0 }, schema.hash, body).bytes, () => schema);
    expect(Object.entries(events[0].attributes)).toEqual([
      ['__proto__', 1],
      ['constructor', 'x'],
    ]);
    expect(Object.getPrototypeOf(events[0].attributes)).toBe(Object.prototype);
  });
});
