import { createHash } from 'node:crypto';
import type { SignalDef, TableDef } from '@iot/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  decodeBatch,
  embedSchema,
  encodeBody,
  hexOf,
  makeSchema,
  parseSchema,
  sealBatch,
} from '../src/index.ts';
import { header } from './samples.ts';

const signal: SignalDef = { name: 's', unit: 'km/h', type: 'int32', scale: 0.1, offset: -40 };
const table = (name: string, bus: string, source?: number): TableDef =>
  source === undefined ? { name, bus, signals: [signal] } : { name, bus, source, signals: [signal] };

describe('a schema', () => {
  it('is CBOR as RFC 8949 has it', () => {
    const { bytes, hash } = makeSchema([table('t', 'can0', 3)]);
    // [1, [["t", "can0", 3, [["s", "km/h", 0, 0.1, -40]]]]]
    const hex = `82018184${'6174'}${'6463616e30'}03${'8185'}${'6173'}${'646b6d2f68'}00${'fb3fb999999999999a'}${'3827'}`;
    expect(hexOf(bytes)).toBe(hex);
    expect(hash).toBe(createHash('sha256').update(bytesOf(hex)).digest('hex').slice(0, 16));
  });

  it('does not depend on the order in which tables were discovered', () => {
    const tables = [
      table('a', 'can0'),
      table('a', 'can1'),
      table('a', 'can1', 0),
      table('a', 'can1', 7),
      table('B', 'can0'),
    ];
    const { hash } = makeSchema(tables);
    fc.assert(
      fc.property(fc.shuffledSubarray(tables, { minLength: tables.length }), (shuffled) => {
        expect(makeSchema(shuffled).hash).toBe(hash);
      }),
      { numRuns: 50 },
    );
  });

  it('comes back as it was', () => {
    const schema = makeSchema([table('a', 'can0'), table('a', 'can0', 0), { name: 'z', bus: '', signals: [] }]);
    expect(parseSchema(schema.bytes)).toEqual(schema);
  });

  const bad: { name: string; hex: string; code: string }[] = [
    {
      name: 'tables out of order',
      hex: '820182846162' + '6163f680' + '846161' + '6163f680',
      code: 'batch/not-canonical',
    },
    { name: 'one table twice', hex: '820182846161' + '6163f680' + '846161' + '6163f680', code: 'batch/not-canonical' },
    { name: 'version 2', hex: '820280', code: 'batch/bad-version' },
    { name: 'unknown column type', hex: '820181846161' + '6163f6' + '8185616160070100', code: 'batch/out-of-range' },
    { name: 'a name that is not UTF-8', hex: '8201818461ff6163f680', code: 'batch/bad-utf8' },
    { name: 'a bignum for a scale', hex: '820181846161' + '6163f6' + '818561616000c2410100', code: 'batch/bad-type' },
    { name: 'more tables than bytes', hex: '82019a00000400', code: 'batch/truncated' },
    { name: 'bytes after the end', hex: '82018000', code: 'batch/trailing' },
  ];
  it.each(bad)('$name: $code', ({ hex, code }) => {
    expect(() => parseSchema(bytesOf(hex))).toThrow(expect.objectContaining({ code }));
  });

  it('refuses two tables of one identity, and more than is sent', () => {
    expect(() => makeSchema([table('a', 'can0'), table('a', 'can0')])).toThrow(/twice/);
    const many = Array.from({ length: 1000 }, (_, i) => table(`${'x'.repeat(80)}${i}`, 'can0'));
    expect(() => makeSchema(many)).toThrow(/collect less/);
    expect(() => makeSchema([table('x'.repeat(256), 'can0')])).toThrow(/table name has 256 bytes/);
  });

  it('that is not known here is asked for', () => {
    const schema = makeSchema([table('a', 'can0')]);
    const { bytes } = sealBatch(header, schema.hash, encodeBody(schema, [], [], 0));
    expect(() => decodeBatch(bytes, () => undefined)).toThrow(
      expect.objectContaining({ code: 'batch/schema-unknown' }),
    );
    expect(() => embedSchema(bytes, makeSchema([table('b', 'can0')]))).toThrow(/names schema/);
  });
});
