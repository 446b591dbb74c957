import { join } from 'node:path';
import { askLocal, serveLocal } from '@iot/host';

const socketOf = (dataDir: string): string => join(dataDir, 'agent.sock');

/** Serves the agent's state to `odograph-agent status`. */
export function serveStatus(dataDir: string, status: () => Promise<object>): Promise<{ close(): Promise<void> }> {
  return serveLocal(socketOf(dataDir), status);
}

/** Asks a running agent. Resolves to undefined where none runs on this data directory. */
export function askStatus(dataDir: string): Promise<object | undefined> {
  return askLocal(socketOf(dataDir), { ask: 'status' });
}
