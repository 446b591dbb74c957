import { moduleBeside, startWorker } from '@iot/host/worker';
import type { AgentConfig } from './config.ts';
import type { ConfigWorkerApi } from './config-worker.ts';

/** Young objects die soon: without a bound V8 lets 48 MB of them gather, and the process keeps the pages. */
const LIMITS = { maxYoungGenerationSizeMb: 2 };

/**
 * Configs are read in a thread that ends afterwards: YAML and the checks take 20 MB of memory, which an agent needs once and
 * a small unit needs back. Errors are those of `@iot/host/config`, with their code `host/config`.
 */
async function inThread<Result>(
  work: (call: ReturnType<typeof startWorker<ConfigWorkerApi>>['call']) => Promise<Result>,
): Promise<Result> {
  const worker = startWorker<ConfigWorkerApi>(moduleBeside(import.meta.url, 'config-worker'), undefined, LIMITS);
  try {
    return await work(worker.call);
  } finally {
    await worker.close();
  }
}

/** Reads and checks a file. @throws an error that names each wrong key, its line and what to do */
export function loadAgentConfig(file: string): Promise<AgentConfig> {
  return inThread((call) => call('load', file));
}

/** Checks YAML (or JSON) text; `name` stands for the file in messages. */
export function parseAgentConfig(text: string, name: string): Promise<AgentConfig> {
  return inThread((call) => call('parse', text, name));
}

export function agentConfigSchema(): Promise<object> {
  return inThread((call) => call('schema'));
}
