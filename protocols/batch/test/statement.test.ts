import { expect, it } from 'vitest';
import { decodeStatement, encodeStatement, type Statement } from '../src/index.ts';

const account = (parts: Partial<Statement>) => ({
  epoch: new Uint8Array(16).fill(7),
  nextSeq: 10,
  accepted: [],
  gaps: [],
  ...parts,
});
const statement = (own: Partial<Statement>, past?: Partial<Statement>): Statement => ({
  unit: 'unit-1',
  vehicle: 'cab-1',
  ...account(own),
  depth: { batches: 0, bytes: 0 },
  ...(past && { predecessor: account(past) }),
});

it.each<{ name: string; own: Partial<Statement>; past?: Partial<Statement>; seq: number }>([
  { name: 'accepted ranges that end at it', own: { accepted: [[1, 10]] }, seq: 10 },
  { name: 'a gap beyond it', own: { gaps: [{ from: 3, to: 900, reason: 'evicted' }] }, seq: 900 },
  { name: 'anything where no seq was given yet', own: { nextSeq: 0, accepted: [[1, 1]] }, seq: 1 },
  { name: 'a past epoch beyond its own', own: { nextSeq: 99 }, past: { accepted: [[4, 12]] }, seq: 12 },
])('next seq: $name are refused', ({ own, past, seq }) => {
  expect(() => decodeStatement(encodeStatement(statement(own, past)))).toThrow(
    expect.objectContaining({
      name: 'DecodeError',
      code: 'batch/out-of-range',
      message: expect.stringContaining(`reaches seq ${seq},`),
    }),
  );
});

it('next seq: ranges and gaps right below it are read', () => {
  const said = statement({ accepted: [[1, 8]], gaps: [{ from: 9, to: 9, reason: 'refused', detail: 'too long' }] });
  expect(decodeStatement(encodeStatement(said))).toEqual(said);
});
