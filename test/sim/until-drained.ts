import { askStatus } from '@iot/agent';

interface Status {
  readonly collected: { readonly readings: number };
  readonly store: { readonly batches: number };
  readonly buses: readonly { readonly state: string; readonly received: number }[];
}

/** Resolves once the recordings of an agent have ended, and a gateway has accepted all that they gave. */
export async function untilDrained(dataDir: string): Promise<void> {
  for (;;) {
    const status = (await askStatus(dataDir).catch(() => undefined)) as Status | undefined;
    const ended = status?.buses.every(({ state, received }) => state === 'down' && received > 0);
    if (status && ended && status.collected.readings > 0 && status.store.batches === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
