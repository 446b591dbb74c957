import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names this machine without telling its id (machine-id(5) asks for that): a store that finds itself under another name
 * was copied.
 */
export function machineId(): string {
  let id: string;
  try {
    id = readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    id = hostname() || randomBytes(16).toString('hex');
  }
  return createHash('sha256').update(`odograph ${id}`).digest('hex').slice(0, 32);
}
