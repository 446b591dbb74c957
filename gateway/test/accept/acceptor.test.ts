import { embedSchema, encodeBody, makeSchema, readHead, sealBatch } from '@iot/batch';
import { describe, expect, it } from 'vitest';
import type { LiveUpdate } from '../../src/ports.ts';
import { batchOf, idOf, SPEED, statementOf } from '../support/batches.ts';
import { openPlane } from '../support/plane.ts';

const ACCEPTED = { kind: 'accepted', duplicate: false };

describe('a batch', () => {
  it('is accepted once its schema was sent, and is in the spool self-contained', async () => {
    const { acceptor, spool, learn } = await openPlane();
    const bytes = batchOf(1);
    expect(await acceptor.accept('batch', 'unit-1', bytes)).toEqual({ kind: 'schema-unknown', hash: SPEED.hash });
    expect(await learn()).toEqual(ACCEPTED);
    expect(await acceptor.accept('batch', 'unit-1', bytes)).toEqual(ACCEPTED);
    const [entry] = await spool.next('history', 1e6, 10);
    expect(entry.head.digest).toBe(readHead(bytes).digest);
    expect(Buffer.from(entry.head.schemaBytes!)).toEqual(Buffer.from(SPEED.bytes));
  });

  it('is acknowledged again and stored once when it is sent again', async () => {
    const { acceptor, spool, learn } = await openPlane();
    await learn();
    await acceptor.accept('batch', 'unit-1', batchOf(1));
    const again = batchOf(1, { lane: 'backlog' });
    expect(await acceptor.accept('batch', 'unit-1', again)).toEqual({ kind: 'accepted', duplicate: true });
    expect(await spool.next('history', 1e6, 10)).toHaveLength(1);
  });

  it('joins the first when both are under way', async () => {
    const { acceptor, spool, learn } = await openPlane();
    await learn();
    const both = await Promise.all([1, 2].map(() => acceptor.accept('batch', 'unit-1', batchOf(1))));
    expect(both).toEqual([ACCEPTED, ACCEPTED]);
    expect(await spool.next('history', 1e6, 10)).toHaveLength(1);
  });

  it('of the same identity and other content is a conflict, under way and later', async () => {
    const { acceptor, learn } = await openPlane();
    await learn();
    const [first, second] = await Promise.all([
      acceptor.accept('batch', 'unit-1', batchOf(1, { values: [1] })),
      acceptor.accept('batch', 'unit-1', batchOf(1, { values: [2] })),
    ]);
    expect([first, second]).toEqual([ACCEPTED, { kind: 'conflict' }]);
    expect(await acceptor.accept('batch', 'unit-1', batchOf(1, { values: [3] }))).toEqual({ kind: 'conflict' });
  });

  it('whose digest is forgotten is a conflict: nobody could check the acknowledgement', async () => {
    const { acceptor, learn, clock } = await openPlane({ bounds: { digestsPerEpoch: 8 } });
    await learn();
    for (let seq = 1; seq <= 10; seq++) {
      clock.advance(1);
      await acceptor.accept('batch', 'unit-1', batchOf(seq));
    }
    expect(await acceptor.accept('batch', 'unit-1', batchOf(1))).toEqual({ kind: 'conflict' });
    expect(await acceptor.accept('batch', 'unit-1', batchOf(10))).toEqual({ kind: 'accepted', duplicate: true });
  });

  it('in an epoch that another unit uses is a conflict, and a statement of it is refused', async () => {
    const { acceptor, learn } = await openPlane();
    await learn();
    await acceptor.accept('batch', 'unit-1', batchOf(1));
    expect(await acceptor.accept('batch', 'unit-2', batchOf(2, { unit: 'unit-2' }))).toEqual({ kind: 'conflict' });
    const statement = statementOf({ unit: 'unit-2' });
    expect(await acceptor.accept('statement', 'unit-2', statement)).toMatchObject({ kind: 'refused' });
  });

  it('may lie in a buffer that is used again at once', async () => {
    const { acceptor, spool, learn, live } = await openPlane();
    const seen: LiveUpdate[] = [];
    live.subscribe((update) => seen.push(update));
    await learn();
    const shared = Buffer.from(batchOf(1));
    const verdict = acceptor.accept('batch', 'unit-1', shared);
    shared.fill(0xff);
    expect(await verdict).toEqual(ACCEPTED);
    expect((await spool.next('history', 1e6, 1))[0].head.seq).toBe(1);
    const update = seen.find(({ kind }) => kind === 'batch') as Extract<LiveUpdate, { kind: 'batch' }>;
    expect(Buffer.from(update.batch.head.epoch)).toEqual(Buffer.from(idOf('epoch-1')));
  });

  const flipped = batchOf(1);
  flipped[flipped.length - 1] ^= 1;
  it.each([
    { name: 'of another unit', bytes: batchOf(1, { unit: 'unit-2' }), detail: /'unit-2', and 'unit-1' sent it/ },
    { name: 'changed on the way', bytes: flipped, detail: /digest/ },
    { name: 'cut short', bytes: batchOf(1).subarray(0, 40), detail: /batch\// },
    { name: 'empty', bytes: new Uint8Array(0), detail: /batch\// },
    { name: 'with seq 0', bytes: batchOf(0), detail: /start at 1|batch\// },
  ])('$name is refused', async ({ bytes, detail }) => {
    const { acceptor, learn } = await openPlane();
    await learn();
    const verdict = await acceptor.accept('batch', 'unit-1', bytes);
    expect(verdict).toMatchObject({ kind: 'refused', detail: expect.stringMatching(detail) });
  });

  it('that does not fit its schema is refused', async () => {
    const { acceptor, learn } = await openPlane();
    await learn();
    const wide = makeSchema([
      { ...SPEED.tables[0], signals: [...SPEED.tables[0].signals, { ...SPEED.tables[0].signals[0], name: 'X' }] },
    ]);
    await acceptor.accept('schema', 'unit-1', wide.bytes);
    const body = encodeBody(SPEED, [], [], 0);
    const head = readHead(batchOf(1));
    const lying = sealBatch(head, wide.hash, { ...body, bytes: body.bytes.subarray(0, 1) });
    expect(await acceptor.accept('batch', 'unit-1', lying.bytes)).toMatchObject({ kind: 'refused' });
  });
});

describe('what does not fit', () => {
  it('is told later when the spool is full, and is taken when a sink has caught up', async () => {
    const bytesMax = 2 * embedSchema(batchOf(1), SPEED).length;
    const { acceptor, spool, learn } = await openPlane({ bounds: { bytesMax } });
    await learn();
    expect(await acceptor.accept('batch', 'unit-1', batchOf(1))).toEqual(ACCEPTED);
    expect(await acceptor.accept('batch', 'unit-1', batchOf(2))).toEqual(ACCEPTED);
    expect(await acceptor.accept('batch', 'unit-1', batchOf(3))).toMatchObject({ kind: 'later' });
    const entries = await spool.next('history', 1e6, 10);
    expect(entries.map(({ head }) => head.seq)).toEqual([2, 1]);
    await spool.write({ kind: 'confirm', sink: 'history', positions: entries.map(({ position }) => position) });
    expect(await acceptor.accept('batch', 'unit-1', batchOf(3))).toEqual(ACCEPTED);
  });

  it('is told later when the disk is as good as full', async () => {
    const { acceptor } = await openPlane({ bounds: { freeBytesMin: 2 ** 60 } });
    expect(await acceptor.accept('schema', 'unit-1', SPEED.bytes)).toMatchObject({ kind: 'later' });
    expect(await acceptor.accept('statement', 'unit-1', statementOf())).toMatchObject({ kind: 'later' });
  });

  it('is told later when too much waits for a commit', async () => {
    const { acceptor, learn } = await openPlane({ queueBytesMax: 1_000 });
    await learn();
    const verdicts = await Promise.all([1, 2, 3, 4].map((seq) => acceptor.accept('batch', 'unit-1', batchOf(seq))));
    expect(verdicts.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'later', 'later']);
  });

  it('is told later when the gateway stops, while what is under way gets its verdict', async () => {
    const { acceptor, learn } = await openPlane();
    await learn();
    const underWay = acceptor.accept('batch', 'unit-1', batchOf(1));
    acceptor.stop();
    expect(await acceptor.accept('batch', 'unit-1', batchOf(2))).toMatchObject({ kind: 'later' });
    expect(await underWay).toEqual(ACCEPTED);
  });
});

describe('beside batches', () => {
  it.each([
    { name: 'a schema that is none', kind: 'schema' as const, bytes: Uint8Array.of(1, 2, 3) },
    { name: 'a statement that is none', kind: 'statement' as const, bytes: Uint8Array.of(1, 2, 3) },
    { name: 'a statement of another unit', kind: 'statement' as const, bytes: statementOf({ unit: 'unit-2' }) },
    {
      name: 'a statement that accounts for numbers it never gave',
      kind: 'statement' as const,
      bytes: statementOf({ nextSeq: 5, accepted: [[1, 5]] }),
    },
  ])('$name is refused', async ({ kind, bytes }) => {
    const { acceptor } = await openPlane();
    expect(await acceptor.accept(kind, 'unit-1', bytes)).toMatchObject({ kind: 'refused' });
  });

  it('dead letters are kept with their reason, the oldest making room', async () => {
    const { acceptor, spool } = await openPlane({ bounds: { deadLetterBytesMax: 250 } });
    for (const text of ['first', 'second', 'third'])
      await acceptor.deadLetter('batch', 'unit-1', new Uint8Array(100), text);
    const letters = await spool.deadLetters(10);
    expect(letters.map(({ detail }) => detail)).toEqual(['third', 'second']);
  });

  it('a unit may have so many schemas; the one it sent longest ago is asked for again', async () => {
    const { acceptor, spool } = await openPlane({ bounds: { schemasPerUnit: 2 } });
    const schemas = ['a', 'b', 'c'].map((name) => makeSchema([{ name, bus: 'can0', signals: [] }]));
    for (const schema of schemas) await acceptor.accept('schema', 'unit-1', schema.bytes);
    expect(await spool.schema(schemas[0].hash)).toBeUndefined();
    expect(await spool.schema(schemas[2].hash)).toBeDefined();
  });

  it('a live viewer that fails is dropped and costs nobody anything', async () => {
    const { acceptor, live, learn } = await openPlane();
    await learn();
    live.subscribe(() => {
      throw new Error('broken viewer');
    });
    expect(await acceptor.accept('batch', 'unit-1', batchOf(1))).toEqual(ACCEPTED);
    expect(live.watched).toBe(false);
  });
});
