import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askStatus } from '@iot/agent';
import { createNmeaParser } from '@iot/nmea';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { RECORDINGS, recordingsPresent } from '../sim/expected.ts';
import { writeConfig } from '../sim/fleet-config.ts';
import { Program } from '../sim/process.ts';

/** What others do to our ports, and what a receiver may send: nothing of it ends a program or holds up the others. */

const AGENT = 'agent/src/main.ts';
const GATEWAY = 'gateway/src/main.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odograph-bad-'));
  const made = folder;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
});

async function start<Ready>(script: string, name: string, config: object): Promise<{ program: Program; ready: Ready }> {
  const program = new Program(script, ['run', '--config', writeConfig(folder, name, config)]);
  onTestFinished(() => void program.stop('SIGKILL'));
  return { program, ready: await program.start<Ready>() };
}

const gatewayOn = (port: number, dataDir = 'gateway') =>
  start<{ mqtt: string[] }>(GATEWAY, dataDir, { dataDir: join(folder, dataDir), mqtt: [{ port }] });

it('a gateway whose port or data directory is taken says so and ends', async () => {
  const { program, ready } = await gatewayOn(0);
  const port = Number(new URL(ready.mqtt[0]).port);
  const [sameDirectory, samePort] = [gatewayOn(0), gatewayOn(port, 'other')];
  await Promise.all([
    expect(samePort).rejects.toThrow(/cannot listen on 127\.0\.0\.1:\d+: the port is in use; stop/),
    expect(sameDirectory).rejects.toThrow(/spool\.db is open in another process: stop that gateway first/),
  ]);
  expect(program.running).toBe(true);
  expect(await program.stop()).toBe(0);
}, 30_000);

it('an agent whose data directory is taken says so and ends, and harms nothing of it', async () => {
  const config = { unit: 'unit-1', vehicle: 'CAB-1', dataDir: join(folder, 'agent') };
  const { program } = await start(AGENT, 'agent', config);
  await expect(start(AGENT, 'agent', config)).rejects.toThrow(/store\.db is open in another process: stop that agent/);
  expect(await program.stop()).toBe(0);
});

/** The same noise in every run. */
const noiseOf = (bytes: number): Buffer => createHash('shake256', { outputLength: bytes }).update('noise').digest();

const STRANGERS = [
  Buffer.from('GET / HTTP/1.1\r\nHost: gateway\r\n\r\n'),
  // The beginning of a TLS ClientHello.
  Buffer.from('16030100c8010000c40303', 'hex'),
  // A CONNECT that promises 256 MiB.
  Buffer.from('10ffffff7f', 'hex'),
  // A PUBLISH before CONNECT.
  Buffer.from('300800036f646f7b7d7d', 'hex'),
  noiseOf(65_536),
];

it('a gateway that meets strangers on its MQTT port closes their connections and serves its units', async () => {
  const { program, ready } = await gatewayOn(0);
  const { port } = new URL(ready.mqtt[0]);
  for (const bytes of STRANGERS) {
    const stranger = connect(Number(port), '127.0.0.1');
    stranger.on('error', () => {});
    stranger.resume();
    // What reads as the beginning of a packet is waited for: a stranger's end is the end of it.
    stranger.end(bytes);
    await once(stranger, 'close');
  }
  const { program: agent } = await start(AGENT, 'agent', {
    unit: 'unit-1',
    vehicle: 'CAB-1',
    dataDir: join(folder, 'agent'),
    gateway: { address: ready.mqtt[0] },
  });
  await expect.poll(async () => (await statusOf('agent')).link, { timeout: 10_000 }).toMatchObject({ up: true });
  expect(await agent.stop()).toBe(0);
  expect(await program.stop()).toBe(0);
});

const statusOf = async (name: string) => (await askStatus(join(folder, name))) as { link: object; receivers: object[] };

const NMEA_LOG = join(RECORDINGS, 'nmea/ublox-neo-m9n-nmea.log');

it.skipIf(!recordingsPresent)('garbage from a receiver is passed over, and every fix around it counts', async () => {
  const good = readFileSync(NMEA_LOG);
  const parser = createNmeaParser({ notBeforeUs: 0, onFix: () => {} });
  parser.receive(good, 0);
  parser.poll(60e6);
  const expected = parser.counts.fixes;
  expect(expected).toBeGreaterThan(0);

  const garbage = [
    Buffer.from('$GPRMC,,,,*ZZ\r\n$GNGGA,99,99,99*00\r\n\0\xff$$$$$*'),
    noiseOf(100_000),
    Buffer.from('\r\n'),
  ];
  const receiver = createServer((socket) => {
    socket.on('error', () => {});
    socket.write(Buffer.concat([...garbage, good, ...garbage]));
  });
  receiver.listen(0, '127.0.0.1');
  onTestFinished(() => void receiver.close());
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const gnss = [{ driver: 'tcp', name: 'roof', port }];
  const { program } = await start(AGENT, 'agent', {
    unit: 'unit-1',
    vehicle: 'CAB-1',
    dataDir: join(folder, 'agent'),
    gnss,
  });
  await expect
    .poll(async () => (await statusOf('agent')).receivers, { timeout: 10_000 })
    .toMatchObject([{ name: 'roof', state: 'up', fixes: expected }]);
  expect(await program.stop()).toBe(0);
});
