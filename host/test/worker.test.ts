import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handOver, moduleBeside, startWorker, type WorkerHandle } from '../src/worker.ts';
import type { calculator } from './workers/calculator.ts';

describe('a worker', () => {
  let worker: WorkerHandle<typeof calculator>;
  beforeEach(() => {
    worker = startWorker<typeof calculator>(moduleBeside(import.meta.url, 'workers/calculator'), { base: 100 });
  });
  afterEach(() => worker.close());

  it('answers calls, with its input', async () => {
    expect(await worker.call('add', 1, 2)).toBe(103);
  });

  it('answers many at once, each to its caller', async () => {
    const answers = Array.from({ length: 50 }, (_, i) => worker.call('later', `call ${i}`));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 50 }, (_, i) => `call ${i}`));
  });

  it('keeps the code of an error', async () => {
    await expect(worker.call('fail')).rejects.toMatchObject({
      code: 'test/missing',
      message: 'no such file; name another',
    });
    expect(await worker.call('add', 0, 0)).toBe(100);
  });

  it('copies what it is given, moves what is handed over', async () => {
    const kept = new Uint8Array([1, 2, 3]);
    expect(await worker.call('sum', kept)).toBe(6);
    expect(kept.length).toBe(3);
    const moved = handOver(kept, [kept.buffer]);
    expect(await worker.call('sum', moved)).toBe(6);
    expect(kept.length).toBe(0);
  });

  it('moves a result that is handed over', async () => {
    expect(await worker.call('fill', 3, 7)).toEqual(new Uint8Array([7, 7, 7]));
  });

  it('rejects every pending and every later call when it crashes', async () => {
    const calls = [worker.call('crash'), worker.call('crash')];
    for (const call of calls)
      await expect(call).rejects.toMatchObject({
        code: 'host/worker-ended',
        message: 'the worker workers/calculator.ts crashed: out of luck',
      });
    await expect(worker.call('add', 1, 1)).rejects.toMatchObject({ code: 'host/worker-ended' });
  });

  it.each([
    { name: 'by an exception', end: 'crash', message: 'the worker workers/calculator.ts crashed: out of luck' },
    {
      name: 'by itself',
      end: 'exit',
      message: 'the worker workers/calculator.ts ended with status 3 before it answered',
    },
  ] as const)('tells that it failed when it ends $name', async ({ end, message }) => {
    worker.call(end).catch(() => {});
    expect(await worker.failed).toMatchObject({ code: 'host/worker-ended', message });
  });

  it('has not failed when it is closed', async () => {
    await worker.call('add', 1, 1);
    await worker.close();
    // The exit is over by now: whatever resolves at once is not `failed`.
    expect(await Promise.race([worker.failed, Promise.resolve('closed')])).toBe('closed');
  });

  it('lets the calls under way end when it is closed, and takes no more', async () => {
    const last = worker.call('later', 'done');
    await worker.close();
    expect(await last).toBe('done');
    await expect(worker.call('add', 1, 1)).rejects.toMatchObject({ code: 'host/worker-ended' });
  });
});

it.each([
  { name: 'source', from: 'file:///p/src/a.ts', url: 'file:///p/src/worker.ts' },
  { name: 'dist', from: 'file:///p/dist/a.js', url: 'file:///p/dist/worker.js' },
])('finds the module beside its caller in $name', ({ from, url }) => {
  expect(moduleBeside(from, 'worker').href).toBe(url);
});

it('says which worker has no module', async () => {
  const worker = startWorker<typeof calculator>(moduleBeside(import.meta.url, 'workers/absent'));
  await expect(worker.call('add', 1, 1)).rejects.toMatchObject({
    code: 'host/worker-ended',
    message: expect.stringContaining('absent.ts'),
  });
  await worker.close();
});
