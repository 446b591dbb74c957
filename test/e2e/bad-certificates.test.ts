import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askStatus } from '@iot/agent';
import type { EpochView } from '@iot/gateway';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type CertificateFiles, type KeyPair, TestAuthority, writeCertificates } from '../sim/certificates.ts';
import { writeConfig } from '../sim/fleet-config.ts';
import { COUNTER_DBC, counterLines } from '../sim/little-fleet.ts';
import { Program, runToEnd } from '../sim/process.ts';

/** A unit that the gateway cannot believe: both sides say so in words, and after the mend everything arrives. */

const AGENT = 'agent/src/main.ts';
const GATEWAY = 'gateway/src/main.ts';
const DAY_MS = 86_400_000;

const folder = mkdtempSync(join(tmpdir(), 'odograph-certificates-'));
const authority = await TestAuthority.create();
const stranger = await TestAuthority.create('another CA');
const gatewayConfig = { dataDir: join(folder, 'gateway'), log: 'warn' };
const listener = { port: 0, tls: writeCertificates(folder, authority, 'gateway', await authority.server()) };
const gatewayFile = writeConfig(folder, 'gateway', { ...gatewayConfig, mqtt: [listener] });
const gateway = new Program(GATEWAY, ['run', '--config', gatewayFile]);
let address: string;

beforeAll(async () => {
  const { mqtt } = await gateway.start<{ mqtt: string[] }>();
  address = mqtt[0];
});
afterAll(async () => {
  await gateway.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Case {
  readonly name: string;
  readonly unit: string;
  readonly ca?: TestAuthority;
  readonly make: (unit: string) => Promise<KeyPair>;
  /** In the agent's status. */
  readonly agentSays: RegExp;
  /** In the gateway's log. */
  readonly gatewaySays: RegExp;
}

const past = { notBeforeMs: Date.now() - 2 * DAY_MS, notAfterMs: Date.now() - DAY_MS };

const CASES: readonly Case[] = [
  {
    name: 'of another unit',
    unit: 'unit-1',
    make: () => authority.client('unit-9'),
    agentSays: /the gateway refuses this unit: the client id is unit-1, but the certificate is for unit-9/,
    gatewaySays: /the client id is unit-1, but the certificate is for unit-9/,
  },
  {
    name: 'of another CA',
    unit: 'unit-2',
    make: (unit) => stranger.client(unit),
    agentSays: /does not trust a unit's certificate: ours is from CN=another CA/,
    gatewaySays: /not from the CA of this listener/,
  },
  {
    name: 'that has expired',
    unit: 'unit-3',
    make: (unit) => authority.client(unit, past),
    agentSays: /this unit's certificate expired on \d{4}-\d\d-\d\d, so enrol the unit again/,
    gatewaySays: /the unit's certificate has expired: enrol it again/,
  },
  {
    name: 'that is good, and a CA that the gateway is not from',
    unit: 'unit-4',
    ca: stranger,
    make: (unit) => authority.client(unit),
    agentSays: /not from the CA in gateway\.tls\.ca/,
    gatewaySays: /TLS handshake refused/,
  },
];

it.each(CASES)('a unit with a certificate $name', async ({ unit, ca = authority, make, agentSays, gatewaySays }) => {
  const place = join(folder, unit);
  mkdirSync(place);
  const bad = writeCertificates(place, ca, 'bad', await make(unit));
  const config = agentConfigOf(place, unit, bad);
  const agent = await startAgent(config);
  await expect
    .poll(() => linkOf(place), { timeout: 10_000 })
    .toMatchObject({ up: false, detail: expect.stringMatching(agentSays) });
  const { stdout } = await runToEnd(AGENT, ['status', '--config', config]);
  expect(stdout).toMatch(/^link\s+DOWN: /m);
  expect(stdout).toMatch(agentSays);
  await expect.poll(() => gateway.log.join('\n'), { timeout: 10_000 }).toMatch(gatewaySays);
  expect(await agent.stop()).toBe(0);

  // Without its bus: what arrives now is what the store kept.
  const good = writeCertificates(place, authority, 'good', await authority.client(unit));
  const mended = await startAgent(agentConfigOf(place, unit, good, { buses: [] }));
  await expect.poll(() => ledgerOf(unit), { timeout: 10_000 }).toMatchObject({ missing: 0, onTheWay: 0, gaps: [] });
  const { accepted, nextSeq } = await ledgerOf(unit);
  expect(accepted).toEqual([[1, nextSeq! - 1]]);
  expect(nextSeq).toBeGreaterThan(BATCHES);
  expect(await mended.stop()).toBe(0);
});

const BATCHES = 3;

function agentConfigOf(place: string, unit: string, tls: CertificateFiles, more: object = {}): string {
  writeFileSync(join(place, 'drive.log'), counterLines(0, 4 * BATCHES).join(''));
  writeFileSync(join(place, 'counter.dbc'), COUNTER_DBC);
  return writeConfig(place, 'agent', {
    unit,
    vehicle: 'CAB-1',
    dataDir: join(place, 'data'),
    gateway: { address, tls, reconnect: { first: '100ms', max: '500ms' } },
    batch: { live: '1s', backlog: '1s' },
    buses: [{ name: 'can0', driver: 'replay', file: 'drive.log', speed: 'max', stamp: 'log', dbc: ['counter.dbc'] }],
    log: 'warn',
    ...more,
  });
}

async function startAgent(config: string): Promise<Program> {
  const agent = new Program(AGENT, ['run', '--config', config]);
  onTestFinished(() => void agent.stop('SIGKILL'));
  await agent.start();
  return agent;
}

const linkOf = async (place: string): Promise<unknown> =>
  ((await askStatus(join(place, 'data'))) as { link: object } | undefined)?.link;

/** The unit's one epoch, as the ledger has it. */
async function ledgerOf(unit: string): Promise<Partial<EpochView>> {
  const { stdout } = await runToEnd(GATEWAY, ['ledger', unit, '--config', gatewayFile, '--json']);
  const [view] = (JSON.parse(stdout || '{}')[unit] ?? []) as EpochView[];
  return view ?? {};
}
