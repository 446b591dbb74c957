import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistorySink } from '@iot/gateway';
import { createLogger } from '@iot/host';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TestAuthority, writeCertificates } from '../sim/certificates.ts';
import { expectRecording, LOGS, readingsOf, recordingsPresent } from '../sim/expected.ts';
import { replayConfig, writeConfig } from '../sim/fleet-config.ts';
import { Program, runToEnd } from '../sim/process.ts';
import { untilDrained } from '../sim/until-drained.ts';

/** Every batch of a stopped gateway's history, self-contained. */
async function exported(dataDir: string): Promise<Uint8Array[]> {
  const history = await HistorySink.open({
    path: join(dataDir, 'history.db'),
    retainMs: 1e12,
    bytesMax: 1e12,
    clock: { nowMs: () => Date.now(), setTimer: () => () => {} },
    log: createLogger('test', 'silent'),
  });
  const batches: Uint8Array[] = [];
  await history.export((bytes) => void batches.push(Uint8Array.from(bytes)));
  await history.close();
  return batches;
}

describe.skipIf(!recordingsPresent)(
  'recordings (../shared/recordings), through agent, store, MQTT over TLS, gateway and history',
  () => {
    it.each(LOGS)('%s comes out as it went in, and the ledger is closed', async (log) => {
      const folder = mkdtempSync(join(tmpdir(), 'odograph-e2e-'));
      const authority = await TestAuthority.create();
      const server = writeCertificates(folder, authority, 'gateway', await authority.server());
      const client = writeCertificates(folder, authority, log, await authority.client(log));
      const dataDir = join(folder, 'gateway');
      const gatewayFile = writeConfig(folder, 'gateway', { dataDir, mqtt: [{ port: 0, tls: server }], log: 'warn' });
      const gateway = new Program('gateway/src/main.ts', ['run', '--config', gatewayFile]);
      onTestFinished(() => void gateway.stop('SIGKILL'));
      const { mqtt } = await gateway.start<{ mqtt: string[] }>();
      const agentFile = replayConfig(folder, log, { address: mqtt[0].replace('127.0.0.1', 'localhost'), tls: client });
      const agent = new Program('agent/src/main.ts', ['run', '--config', agentFile]);
      onTestFinished(() => void agent.stop('SIGKILL'));
      await agent.start();
      await untilDrained(join(folder, log));
      expect(await agent.stop()).toBe(0);
      const ledger = await runToEnd('gateway/src/main.ts', ['ledger', log, '--config', gatewayFile, '--json']);
      expect(await gateway.stop()).toBe(0);
      const views = JSON.parse(ledger.stdout)[log];
      expect(views).toMatchObject([{ gaps: [], missing: 0, onTheWay: 0, accepted: [[1, views[0].nextSeq - 1]] }]);
      expectRecording(log, readingsOf(await exported(dataDir)));
    });
  },
);
