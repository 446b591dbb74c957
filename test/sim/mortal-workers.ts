import { syncBuiltinESMExports } from 'node:module';
import workerThreads, { type WorkerOptions } from 'node:worker_threads';

/** Loaded with --import before a program: SIGUSR2 ends the worker whose module MORTAL_WORKER ends in, as a crash would. */
const mortal = process.env.MORTAL_WORKER ?? '';

class MortalWorker extends workerThreads.Worker {
  constructor(url: URL, options: WorkerOptions) {
    super(url, options);
    if (url.pathname.endsWith(mortal)) process.once('SIGUSR2', () => void this.terminate());
  }
}

workerThreads.Worker = MortalWorker as typeof workerThreads.Worker;
syncBuiltinESMExports();
