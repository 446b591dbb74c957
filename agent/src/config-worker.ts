import { loadConfig, parseConfig } from '@iot/host/config';
import { serveWorker } from '@iot/host/worker';
import { type AgentConfig, agentConfig, agentJsonSchema } from './config.ts';

/** What the thread does that reads configs. */
const api = {
  load: (file: string): AgentConfig => loadConfig(file, agentConfig),
  parse: (text: string, name: string): AgentConfig => parseConfig(text, name, agentConfig),
  schema: (): object => agentJsonSchema(),
};

export type ConfigWorkerApi = typeof api;

serveWorker<ConfigWorkerApi>(api);
