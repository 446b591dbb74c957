import { openDatabase } from '@iot/host/sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../src/spool/layout.ts';
import { LedgerRows } from '../../src/spool/ledger-rows.ts';
import { idOf } from '../support/batches.ts';

const EPOCH = idOf('epoch-1');
const SEQ_MAX = 24;

const step = fc.record({
  seq: fc.integer({ min: 1, max: SEQ_MAX }),
  digest: fc.constantFrom('00'.repeat(8), '11'.repeat(8)),
  what: fc.constantFrom('offer', 'offer', 'offer', 'take back'),
});

function openLedger(digestsPerEpoch: number): LedgerRows {
  const db = openDatabase(':memory:', { migrations: MIGRATIONS });
  return new LedgerRows(db, { digestsPerEpoch, epochsPerUnit: 4 });
}

describe('the ledger in SQL', () => {
  it('is a map from seq to digest, with its keys as ranges', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = openLedger(1_000);
        const model = new Map<number, string>();
        for (const [i, { seq, digest, what }] of steps.entries()) {
          const identity = { unit: 'unit-1', epoch: EPOCH, seq, digest };
          const row = ledger.find(EPOCH);
          if (what === 'take back') {
            if (row) ledger.unaccept(row.id, seq);
            model.delete(seq);
            continue;
          }
          const known = model.get(seq);
          const expected = known === undefined ? 'new' : known === digest ? 'duplicate' : 'conflict';
          expect(ledger.standing(identity)).toBe(expected);
          if (expected !== 'new') continue;
          ledger.accept({ ...identity, vehicle: 'taxi-12', acceptedMs: i });
          model.set(seq, digest);
        }
        const row = ledger.find(EPOCH);
        const ranges = row ? ledger.ranges(row.id) : [];
        const seqs = ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
        expect(seqs).toEqual([...model.keys()].sort((a, b) => a - b));
        for (let i = 1; i < ranges.length; i++) expect(ranges[i][0]).toBeGreaterThan(ranges[i - 1][1] + 1);
        expect(row?.digests ?? 0).toBe(model.size);
      }),
    );
  });

  it('keeps ranges whole and digests bounded: the newest by acceptance, whatever their seq', () => {
    const ledger = openLedger(16);
    const seqs = Array.from({ length: 100 }, (_, i) => 100 - i);
    for (const [i, seq] of seqs.entries())
      ledger.accept({ unit: 'unit-1', vehicle: 'v', epoch: EPOCH, seq, digest: '22'.repeat(8), acceptedMs: i });
    const standingOf = (seq: number) => ledger.standing({ unit: 'unit-1', epoch: EPOCH, seq, digest: '22'.repeat(8) });
    expect(ledger.ranges(ledger.find(EPOCH)!.id)).toEqual([[1, 100]]);
    expect(seqs.filter((seq) => standingOf(seq) === 'duplicate').length).toBeLessThanOrEqual(18);
    expect(standingOf(1)).toBe('duplicate');
    expect(standingOf(100)).toBe('conflict');
  });

  it('takes seqs as large as a number can be', () => {
    const ledger = openLedger(16);
    const seq = Number.MAX_SAFE_INTEGER;
    for (const each of [seq - 1, 1])
      ledger.accept({ unit: 'u', vehicle: 'v', epoch: EPOCH, seq: each, digest: '33'.repeat(8), acceptedMs: 0 });
    expect(ledger.ranges(ledger.find(EPOCH)!.id)).toEqual([
      [1, 1],
      [seq - 1, seq - 1],
    ]);
  });
});
