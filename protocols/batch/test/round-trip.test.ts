import { Rows, type TableDef } from '@iot/wire';
import { describe, expect, it } from 'vitest';
import {
  decodeBatch,
  embedSchema,
  encodeBody,
  makeSchema,
  parseSchema,
  readHead,
  sealBatch,
  verifyDigest,
} from '../src/index.ts';

const def: TableDef = {
  name: 'EEC1',
  bus: 'can0',
  source: 0,
  signals: [
    { name: 'EEC1.EngineSpeed', unit: 'rpm', type: 'int32', scale: 0.125, offset: 0 },
    { name: 'EEC1.Mode', unit: '', type: 'text', scale: 1, offset: 0 },
  ],
};
const header = {
  unit: 'unit-1',
  vehicle: 'cab-1',
  epoch: new Uint8Array(16).fill(7),
  seq: 5,
  lane: 'live' as const,
  clock: { source: 'gnss' as const, uncertaintyUs: 40 },
  t0Us: 1_700_000_000_000_000,
};

function sample(): Rows {
  const rows = new Rows(def);
  for (let i = 0; i < 100; i++) {
    rows.reserve();
    rows.times[i] = header.t0Us + i * 10_000;
    rows.columns[0].values[i] = i * 3;
    rows.columns[1].values[i] = i % 2 ? 'on' : '';
    rows.count++;
  }
  return rows;
}

describe('a batch', () => {
  it('comes back as it was, in both forms, with one digest', () => {
    const schema = makeSchema([def]);
    const event = {
      timeUs: header.t0Us + 500,
      name: 'trip-started',
      attributes: { by: 'ignition', n: 1, ok: true, none: null },
    };
    const body = encodeBody(schema, [sample()], [event], header.t0Us);
    const { bytes, digest } = sealBatch(header, schema.hash, body);
    expect(readHead(bytes)).toMatchObject({ ...header, digest, schemaHash: schema.hash });
    const whole = embedSchema(bytes, parseSchema(schema.bytes));
    expect(verifyDigest(readHead(bytes))).toBe(true);
    expect(verifyDigest(readHead(whole))).toBe(true);
    for (const decoded of [decodeBatch(bytes, () => schema), decodeBatch(whole, () => undefined)]) {
      expect(decoded.events).toEqual([event]);
      const [rows] = decoded.tables;
      expect([...rows.times]).toEqual([...sample().times.subarray(0, 100)]);
      expect([...(rows.columns[0].values as Int32Array)]).toEqual(Array.from({ length: 100 }, (_, i) => i * 3));
      expect(rows.columns[1].values).toEqual(Array.from({ length: 100 }, (_, i) => (i % 2 ? 'on' : '')));
    }
    expect(body.readings).toBe(200);
  });
});
