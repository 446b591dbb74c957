import { describe, expect, it } from 'vitest';
import { findings } from './check.ts';
import type { BatchRecord, Evidence, Kill } from './evidence.ts';

const EPOCH = 'aa'.repeat(16);
const RULES = { lostSpanMsMax: 1_000 };

function batch(seq: number, ...counts: number[]): BatchRecord {
  return { epoch: EPOCH, seq, digest: `d${seq}`, bodyHash: `b${seq}`, counts };
}

/** Counts 1 to 12: 1 and 2 before the first start, 7 and 8 lost by a kill, 5 and 6 recovered from the journal. */
const BATCHES = [batch(1, 3, 4), batch(2, 5, 6), batch(3, 9, 10), batch(4, 11, 12)];

const KILL: Kill = {
  round: 1,
  store: { epochs: [EPOCH], nextSeq: 2, batches: [{ ...BATCHES[0], digest: undefined }], journaled: [5, 6] },
  durable: 6,
  sentAtReady: 8,
  lostSpanMs: 200,
};

const GOOD: Evidence = {
  kills: [KILL],
  sentAtFirstReady: 2,
  sentAtEnd: 12,
  final: { epochs: [EPOCH], nextSeq: 5, batches: BATCHES, journaled: [] },
  sinks: [
    { name: 'history', mayRepeat: false, arrivals: BATCHES },
    { name: 'kafka', mayRepeat: true, arrivals: [...BATCHES, BATCHES[1]].reverse() },
  ],
  ledger: [{ epoch: EPOCH, nextSeq: 5, accepted: [[1, 4]], gaps: [], notSeen: [], missing: 0 }],
};

function withHistory(arrivals: readonly BatchRecord[]): Evidence {
  return { ...GOOD, sinks: [{ name: 'history', mayRepeat: false, arrivals }, GOOD.sinks[1]] };
}

function withFinal(batches: readonly BatchRecord[]): Evidence {
  return { ...GOOD, final: { ...GOOD.final, batches }, sinks: [{ ...GOOD.sinks[0], arrivals: batches }] };
}

function withLedger(change: Partial<Evidence['ledger'][number]>): Evidence {
  return { ...GOOD, ledger: [{ ...GOOD.ledger[0], ...change }] };
}

const [first, second, third, fourth] = BATCHES;
const altered = { ...second, digest: 'other' };

describe('the judge', () => {
  it('finds nothing where all that was committed arrived once, and a kill cost what it may', () => {
    expect(findings(GOOD, RULES)).toEqual([]);
  });

  it.each([
    ['a batch lost', withHistory([first, third, fourth]), 'history: aaaaaaaa/2 was committed and never arrived'],
    ['a batch twice in the history', withHistory([...BATCHES, third]), 'history: aaaaaaaa/3 is there twice'],
    ['a batch with another digest', withHistory([first, altered, third, fourth]), 'arrived as other'],
    ['a batch with another body', withHistory([first, { ...second, bodyHash: 'x' }, third, fourth]), 'arrived as d2'],
    ['two batches of one identity', withHistory([...BATCHES, altered]), 'history: two batches are aaaaaaaa/2'],
    ['a batch that nobody committed', withHistory([...BATCHES, batch(9)]), 'aaaaaaaa/9 arrived and the store has no'],
    [
      'a batch that arrived and was never offered',
      { ...GOOD, final: { ...GOOD.final, batches: [first, { ...second, digest: undefined }, third, fourth] } },
      'the store has undefined',
    ],
    [
      'a reading in two batches',
      withFinal([first, batch(2, 4, 5, 6), third, fourth]),
      '1 counts from 4 to 4 are there',
    ],
    [
      'a reading lost within a batch',
      withFinal([first, second, third, batch(4, 12)]),
      '1 counts from 11 to 11 are mis',
    ],
    ['a reading never sent', withFinal([first, second, third, batch(4, 11, 12, 13)]), 'count 13 was never sent'],
    ['a journal not recovered', withFinal([first, batch(2, 5), third, fourth]), '6 to 6 lay in the journal'],
    ['a seq used again', withFinal([{ ...first, bodyHash: 'x' }, second, third, fourth]), 'seq 1 was used again'],
    ['a committed batch gone', withFinal([second, third, fourth]), 'seq 1 was committed and is gone'],
    ['a seq missing', withFinal([first, second, fourth]), 'the store lost seq 3'],
    ['a second epoch', { ...GOOD, final: { ...GOOD.final, epochs: ['bb', EPOCH] } }, 'opened 2 epochs'],
    ['a journal after a stop', { ...GOOD, final: { ...GOOD.final, journaled: [12] } }, 'left in the journal'],
    ['a kill that cost too much', { ...GOOD, kills: [{ ...KILL, lostSpanMs: 1_001 }] }, 'the kill cost 1001 ms'],
    ['readings lost without a kill', { ...GOOD, kills: [] }, '2 counts from 7 to 8 are missing'],
    ['a number not explained', withLedger({ missing: 1 }), 'the ledger calls 1 missing'],
    ['a gap', withLedger({ gaps: [{ from: 2, to: 2, reason: 'evicted' }] }), 'the ledger has gaps'],
    ['a number not seen', withLedger({ notSeen: [[4, 4]] }), 'has not seen [[4,4]]'],
    ['a ledger that is behind', withLedger({ nextSeq: 4, accepted: [[1, 3]] }), 'accepted [[1,3]], not [[1,4]]'],
    ['an epoch that the store does not know', withLedger({ epoch: 'cc' }), 'knows epoch cc'],
  ])('finds %s', (_name, evidence, words) => {
    const found = findings(evidence, RULES);
    expect(found.join('\n')).toContain(words);
  });

  it('finds a digest that changed after it was given out', () => {
    const before = { ...KILL.store, batches: [{ ...first, digest: 'earlier' }] };
    const found = findings({ ...GOOD, kills: [{ ...KILL, store: before }] }, RULES);
    expect(found).toEqual(['round 1: seq 1 was offered as earlier and became d1']);
  });
});
