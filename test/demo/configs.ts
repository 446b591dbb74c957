import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { CAR, TRUCK } from './vehicles/names.ts';

/** The demo says often what a store holds, so that the ledger closes while somebody watches. */
const STATEMENT = '2s';
const BATCH = { live: '1s', backlog: '5s', demoteAfter: '10s' };

function write(folder: string, name: string, config: object): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(path, `# Made by npm start.\n${stringify(config)}`);
  return path;
}

export function writeGatewayConfig(folder: string, port: number, linkControlPort: number): string {
  return write(folder, 'gateway', {
    dataDir: join(folder, 'gateway'),
    mqtt: [{ host: '127.0.0.1', port: 0 }],
    console: { port, title: 'Odograph demo', linkControl: `http://127.0.0.1:${linkControlPort}` },
  });
}

interface UnitPlace {
  readonly unit: string;
  readonly vehicle: string;
  /** Port of its link to the gateway. */
  readonly linkPort: number;
}

function common(folder: string, { unit, vehicle, linkPort }: UnitPlace): object {
  return {
    unit,
    vehicle,
    dataDir: join(folder, unit),
    gateway: { address: `mqtt://127.0.0.1:${linkPort}`, keepAlive: '5s', reconnect: { first: '300ms', max: '3s' } },
    batch: BATCH,
    statement: STATEMENT,
  };
}

/** An agent on a simulated vehicle: its virtual bus, its receiver. */
export function writeVehicleAgent(
  folder: string,
  place: UnitPlace,
  kind: 'car' | 'truck',
  bus: string,
  gnssPort: number,
): string {
  const { dbc, names, collect } = kind === 'car' ? CAR : TRUCK;
  return write(folder, place.unit, {
    ...common(folder, place),
    buses: [{ name: 'can0', driver: 'virtual', path: bus, dbc, names }],
    collect,
    gnss: [{ driver: 'tcp', port: gnssPort }],
  });
}

/** An agent on a recording, stamped as if it drove now. */
export function writeReplayAgent(
  folder: string,
  place: UnitPlace,
  recording: {
    readonly file: string;
    readonly dbc: readonly string[];
    readonly speed: number;
    readonly interfaces: readonly string[];
  },
): string {
  const { file, dbc, speed, interfaces } = recording;
  const bus = {
    driver: 'replay',
    file: resolve(file),
    dbc: dbc.map((path) => resolve(path)),
    speed,
    stamp: 'now',
    loop: true,
  };
  return write(folder, place.unit, {
    ...common(folder, place),
    buses: interfaces.map((name) => ({ ...bus, name, interface: name })),
  });
}
