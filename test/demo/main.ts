import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { interfacesOf, LogError } from '@iot/agent';
import { untilSignal } from '@iot/host';
import { serveLinkControl } from '../sim/link-control.ts';
import { Link } from '../sim/links.ts';
import { writeGatewayConfig, writeReplayAgent, writeVehicleAgent } from './configs.ts';
import { depthOf } from './depth.ts';
import { type DemoOptions, readOptions } from './options.ts';
import { Processes } from './processes.ts';

/**
 * npm start: vehicles, agents, gateway and console, each a process of its own, over the same drivers and protocols as on the
 * road. Agents reach the gateway through links that the console can cut and restore.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const AGENT = join(ROOT, 'agent/src/main.ts');
const GATEWAY = join(ROOT, 'gateway/src/main.ts');
const VEHICLE = join(ROOT, 'test/sim/vehicle-main.ts');

const FLEET = [
  { unit: 'unit-car', vehicle: 'CAR-1', kind: 'car', seed: 11 },
  { unit: 'unit-truck', vehicle: 'TRUCK-1', kind: 'truck', seed: 7 },
] as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The first port from `wanted` on that is free. */
async function freePortFrom(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 100; port++) {
    const free = await new Promise<boolean>((done) => {
      const server = createServer();
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    if (free) return port;
  }
  throw new Error(`no free port from ${wanted} on: name one with --port`);
}

async function startVehicles(processes: Processes, data: string, links: readonly Link[]): Promise<void> {
  // A local socket's path may have 107 bytes: a checkout can lie deeper than that.
  const sockets = mkdtempSync(join(tmpdir(), 'odograph-'));
  for (const [i, { unit, vehicle, kind, seed }] of FLEET.entries()) {
    const bus = join(sockets, `${vehicle}.can`);
    const ready = await processes.start(vehicle, VEHICLE, ['--kind', kind, '--seed', String(seed), '--bus', bus], true);
    const { gnssPort } = JSON.parse(ready) as { gnssPort: number };
    const config = writeVehicleAgent(data, { unit, vehicle, linkPort: links[i].port }, kind, bus, gnssPort);
    await processes.start(unit, AGENT, ['run', '--config', config], true);
    say(
      `  ${vehicle.padEnd(8)} drives; its agent ${unit} reads ${kind === 'car' ? 'OBD-II answers' : 'J1939'} on CAN and NMEA from its receiver`,
    );
  }
}

async function startReplay(processes: Processes, { replay, dbc, speed, data }: DemoOptions, link: Link): Promise<void> {
  const interfaces = await interfacesOf(replay!);
  if (interfaces.length === 0) throw new LogError(`${replay}: holds no frame: is it candump text?`);
  const recording = { file: replay!, dbc, speed: Number(speed), interfaces };
  const config = writeReplayAgent(data, { unit: link.unit, vehicle: 'RECORDING', linkPort: link.port }, recording);
  await processes.start(link.unit, AGENT, ['run', '--config', config], true);
  say(`  RECORDING replays ${replay} (${interfaces.join(', ')}) at ${speed} times its pace, over and over`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return;
  const { data } = options;
  if (!options.keep) rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  const processes = new Processes(join(data, 'log'), (message) => {
    process.stderr.write(`${message}\nThe demo ends; the logs are in ${join(data, 'log')}\n`);
    void stop().then(() => process.exit(1));
  });
  const links: Link[] = [];
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await processes.stop();
    for (const close of closers.reverse()) await close();
  };

  try {
    say('Starting');
    const control = await serveLinkControl({ links, depthOf: (unit) => depthOf(join(data, unit)) });
    closers.push(() => control.close());
    const gatewayConfig = writeGatewayConfig(data, await freePortFrom(options.port), control.port);
    const ready = await processes.start('gateway', GATEWAY, ['run', '--config', gatewayConfig], true);
    const { mqtt, console: address } = JSON.parse(ready) as { mqtt: string[]; console: string };
    say(`  gateway  listens at ${mqtt[0]}`);
    const units = options.replay === undefined ? FLEET.map(({ unit }) => unit) : ['unit-replay'];
    for (const unit of units) {
      const link = await Link.listen({ unit, to: { host: '127.0.0.1', port: Number(new URL(mqtt[0]).port) } });
      links.push(link);
      closers.push(() => link.close());
    }
    if (options.replay === undefined) await startVehicles(processes, data, links);
    else await startReplay(processes, options, links[0]);
    say(`\nThe fleet is at  ${address}\n`);
    say("Cut a vehicle's link on its page, watch its store fill, restore it: newest first, and the ledger closes.");
    say(`Data and logs: ${data}. Ctrl+C ends it all.`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    await stop();
    process.exit(1);
  }
  await untilSignal(async () => {
    say('\nStopping');
    await stop();
  });
}

await main();
