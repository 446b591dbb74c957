import { askStatus } from '@iot/agent';
import type { LinkDepth } from '../sim/link-control.ts';

/** Asks a running agent how much its store holds: what the gateway cannot hear while the link is cut. */
export async function depthOf(dataDir: string): Promise<LinkDepth | undefined> {
  const status = (await askStatus(dataDir)) as { store?: { batches: number; bytes: number } } | undefined;
  return status?.store && { batches: status.store.batches, bytes: status.store.bytes };
}
