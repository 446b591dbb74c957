import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Decoder } from 'cbor-x';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  decodeBatch,
  decodeControl,
  decodeStatement,
  embedSchema,
  encodeControl,
  encodeStatement,
  hexOf,
  parseSchema,
  readHead,
  verifyDigest,
} from '../src/index.ts';
import { header, plainOf } from './samples.ts';

const root = resolve(import.meta.dirname, '../../..');
const vectorFile = join(import.meta.dirname, '../vectors/batches.json');
const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../vectors', name), 'utf8'));

interface Vector {
  readonly name: string;
  readonly uplink: string;
  readonly selfContained: string;
  readonly schema: string;
  readonly schemaHash: string;
  readonly digest: string;
  readonly codec: number;
  readonly expect: object;
}
const vectors: readonly Vector[] = read('batches.json');

describe('batches', () => {
  it.each(vectors)('$name', (vector) => {
    const schema = parseSchema(bytesOf(vector.schema));
    expect(schema.hash).toBe(vector.schemaHash);
    const identity = { ...header, digest: vector.digest, schemaHash: vector.schemaHash, codec: vector.codec };
    for (const hex of [vector.uplink, vector.selfContained]) {
      const bytes = bytesOf(hex);
      const head = readHead(bytes);
      expect(head).toMatchObject(identity);
      expect(verifyDigest(head)).toBe(true);
      expect(plainOf(decodeBatch(bytes, () => schema))).toEqual(vector.expect);
      // A socket delivers Buffers, whose slice() is no copy.
      expect(plainOf(decodeBatch(Buffer.from(bytes), () => schema))).toEqual(vector.expect);
    }
    expect(hexOf(embedSchema(bytesOf(vector.uplink), schema))).toBe(vector.selfContained);
  });

  it.each(vectors)('$name ends too soon wherever it is cut', (vector) => {
    const schema = parseSchema(bytesOf(vector.schema));
    const bytes = bytesOf(vector.selfContained);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeBatch(bytes.subarray(0, length), () => schema)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^batch\/(truncated|bad-deflate)$/) }),
      );
  });
});

describe('hostile batches', () => {
  const { schema, batches } = read('hostile.json');
  it.each(batches as { name: string; hex: string; code: string }[])('$name: $code', ({ hex, code }) => {
    expect(() => decodeBatch(bytesOf(hex), () => parseSchema(bytesOf(schema)))).toThrow(
      expect.objectContaining({ name: 'DecodeError', code }),
    );
  });
});

describe('messages', () => {
  const messages: Record<string, string> = read('messages.json');
  it.each(Object.entries(messages))('%s is written as it was read', (name, hex) => {
    const again =
      name === 'statement'
        ? encodeStatement(decodeStatement(bytesOf(hex)))
        : encodeControl(decodeControl(bytesOf(hex)));
    expect(hexOf(again)).toBe(hex);
  });

  it('a statement says what it said', () => {
    expect(decodeStatement(bytesOf(messages.statement))).toEqual({
      unit: 'unit-042',
      vehicle: 'cab-042',
      epoch: header.epoch,
      nextSeq: 1300,
      accepted: [
        [1, 309],
        [323, 1204],
      ],
      gaps: [{ from: 310, to: 322, reason: 'evicted', detail: 'store full' }],
      depth: { batches: 95, bytes: 31_000, oldestUs: header.t0Us },
      timeUs: header.t0Us + 60_000_000,
    });
  });
});

describe('decoders that are not ours', () => {
  const python = join(root, '.cache/venv/bin/python');
  const decoder = join(root, 'cloud/decoders/python');

  it.skipIf(!existsSync(python))('cbor2 and numpy decode every vector (.cache/venv, made by scripts/peers.mjs)', () => {
    const out = execFileSync(python, [join(decoder, 'test_vectors.py'), vectorFile], { encoding: 'utf8' });
    expect(out.trim().split('\n')).toEqual(vectors.map(({ name }) => `ok ${name}`));
  });

  it('the Python decoder has at most 40 lines', () => {
    expect(readFileSync(join(decoder, 'odograph_batch.py'), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(40);
  });

  it('cbor-x reads header and schema', () => {
    const stock = new Decoder({ useRecords: false });
    for (const { selfContained, schemaHash } of vectors) {
      const [version, head, [, tables]] = stock.decode(bytesOf(selfContained));
      expect([version, head[0], head[1], head[3], Number(head[7])]).toEqual([
        1,
        header.unit,
        header.vehicle,
        header.seq,
        header.t0Us,
      ]);
      expect(tables.length, schemaHash).toBeGreaterThan(0);
    }
  });
});
