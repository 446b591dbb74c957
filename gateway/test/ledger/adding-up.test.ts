import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeStatement, embedSchema, encodeStatement, hexOf, readHead, type Statement } from '@iot/batch';
import { createLogger } from '@iot/host';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { SPOOL_BOUNDS } from '../../src/spool/api.ts';
import { NO_DATA_PLANE_METRICS } from '../../src/spool/metrics.ts';
import { Spool } from '../../src/spool/spool.ts';
import { batchOf, SPEED } from '../support/batches.ts';

const epoch = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const open = (path: string): Promise<Spool> =>
  Spool.open({
    path,
    sinks: ['history'],
    bounds: SPOOL_BOUNDS,
    clock: systemClock,
    metrics: NO_DATA_PLANE_METRICS,
    log: createLogger('test', 'silent'),
  });
const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'odograph-ledger-')), 'spool.db');

async function hear(spool: Spool, said: Partial<Statement> & Pick<Statement, 'epoch' | 'nextSeq'>): Promise<void> {
  const statement = { unit: 'u', vehicle: 'v', accepted: [], gaps: [], depth: { batches: 0, bytes: 0 }, ...said };
  const bytes = encodeStatement(statement);
  await spool.write({ kind: 'statement', unit: statement.unit, vehicle: 'v', epoch: said.epoch, bytes, heardMs: 1 });
}

it('windows of very many gaps add up, in any order and over a restart', async () => {
  const path = newPath();
  const gaps = Array.from({ length: 1500 }, (_, i) => ({ from: 2 * i + 1, to: 2 * i + 1, reason: 'evicted' as const }));
  const accepted = Array.from({ length: 1500 }, (_, i) => [2 * i + 2, 2 * i + 2] as const);
  let spool = await open(path);
  for (const turn of [3, 0, 5, 1, 4, 2]) {
    const slice = [turn * 250, turn * 250 + 250] as const;
    await hear(spool, {
      epoch: epoch(1),
      nextSeq: 3001,
      gaps: gaps.slice(...slice),
      accepted: accepted.slice(...slice),
    });
    if (turn !== 5) continue;
    await spool.close();
    spool = await open(path);
  }
  expect(await spool.ledger('u')).toMatchObject([{ missing: 0, onTheWay: 0, gaps }]);
  await spool.close();
});

it('past epochs stay closed though their successor states them in turns', async () => {
  const spool = await open(newPath());
  await hear(spool, { epoch: epoch(1), nextSeq: 4, accepted: [[1, 3]] });
  await hear(spool, { epoch: epoch(2), nextSeq: 8, accepted: [[1, 3]] });
  const tail = [{ from: 4, to: 7, reason: 'tail-unknown' as const }];
  const turns = [
    { epoch: epoch(2), nextSeq: 8, accepted: [[1, 3]] as const, gaps: tail },
    { epoch: epoch(1), nextSeq: 4, accepted: [[1, 3]] as const, gaps: [] },
  ];
  for (const predecessor of [...turns, ...turns]) {
    await hear(spool, { epoch: epoch(3), nextSeq: 1, predecessor });
    const second = (await spool.ledger('u')).find((view) => view.epoch.startsWith('02'));
    expect(second).toMatchObject({ missing: 0, onTheWay: 0, gaps: tail, closedBy: expect.stringMatching(/^03/) });
  }
  const first = (await spool.ledger('u')).find((view) => view.epoch.startsWith('01'));
  expect(first).toMatchObject({ missing: 0, onTheWay: 0, closedBy: expect.stringMatching(/^03/) });
  await spool.close();
});

it('a past epoch that never spoke for itself here keeps its windows and who closed it, over a restart, and sinks get what was heard', async () => {
  const path = newPath();
  let spool = await open(path);
  const batch = batchOf(2, { epoch: epoch(1) });
  const { unit, vehicle, digest, lane } = readHead(batch);
  const bytes = embedSchema(batch, SPEED);
  await spool.write({
    kind: 'batch',
    unit,
    vehicle,
    epoch: epoch(1),
    seq: 2,
    digest,
    lane,
    bytes,
    acceptedMs: 1,
  });
  const windows = [1, 3].map((seq) => ({ from: seq, to: seq, reason: 'evicted' as const }));
  const past = (...gaps: typeof windows) => ({ epoch: epoch(1), nextSeq: 4, accepted: [], gaps });
  await hear(spool, { unit, epoch: epoch(2), nextSeq: 1, predecessor: past(windows[0]) });
  await hear(spool, { unit, epoch: epoch(3), nextSeq: 1, predecessor: past(windows[1]) });
  const closed = { gaps: windows, missing: 0, onTheWay: 0, closedBy: hexOf(epoch(2)) };
  const first = async () => (await spool.ledger(unit)).find((view) => view.epoch === hexOf(epoch(1)));
  expect(await first()).toMatchObject(closed);
  await spool.close();
  spool = await open(path);
  expect(await first()).toMatchObject(closed);
  await hear(spool, { unit, epoch: epoch(3), nextSeq: 1, predecessor: past(windows[0]) });
  expect(await first()).toMatchObject(closed);
  const owed = (await spool.owedStatements('history', 10)).map((one) => decodeStatement(one.bytes));
  const third = owed.find((one) => hexOf(one.epoch) === hexOf(epoch(3)));
  expect(third?.predecessor?.gaps).toEqual([windows[0]]);
  await spool.close();
});
