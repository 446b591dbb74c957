import { handOver, serveWorker, workerInput } from '../../src/worker.ts';

const { base } = workerInput<{ base: number }>();

export const calculator = {
  add: (a: number, b: number) => base + a + b,
  later: (value: string) => new Promise<string>((resolve) => setImmediate(() => resolve(value))),
  sum: (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0),
  fill: (length: number, value: number) => {
    const bytes = new Uint8Array(length).fill(value);
    return handOver(bytes, [bytes.buffer]);
  },
  fail: () => {
    throw Object.assign(new Error('no such file; name another'), { code: 'test/missing' });
  },
  exit: () => process.exit(3),
  crash: () => {
    setImmediate(() => {
      throw new Error('out of luck');
    });
    return new Promise<never>(() => {});
  },
};

serveWorker(calculator);
