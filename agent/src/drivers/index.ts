import type { BusConfig, GnssConfig } from '../config.ts';
import { resolveFrom } from '../files.ts';
import type { ByteStream, CanBus, Clock } from '../ports.ts';
import { ReplayBus } from './replay-bus.ts';
import { SerialStream } from './serial-stream.ts';
import { SocketCanBus } from './socketcan-bus.ts';
import { TcpStream } from './tcp-stream.ts';
import { VirtualBus } from './virtual/virtual-bus.ts';

export interface DriverParts {
  readonly configFile: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Awaited by sources that can wait. */
  readonly pace: () => Promise<void>;
  readonly onDamage: (message: string) => void;
}

/** The buses of a config, not opened yet. @throws DriverError where one cannot be what the config says */
export function makeBuses(configs: readonly BusConfig[], parts: DriverParts): CanBus[] {
  const origin = {};
  return configs.map((config) => makeBus(config, parts, origin));
}

function makeBus(config: BusConfig, parts: DriverParts, origin: object): CanBus {
  const { clock, random } = parts;
  switch (config.driver) {
    case 'virtual':
      return new VirtualBus({ name: config.name, path: resolveFrom(parts.configFile, config.path), clock, random });
    case 'socketcan':
      return new SocketCanBus({ name: config.name, interface: config.interface, clock, random });
    case 'replay':
      return new ReplayBus({
        ...parts,
        name: config.name,
        file: resolveFrom(parts.configFile, config.file),
        interface: config.interface,
        speed: config.speed,
        stamp: config.stamp,
        loop: config.loop,
        origin,
      });
  }
}

/** A receiver's stream; undefined where its fixes come from a bus. */
export function makeStream(config: GnssConfig, { clock, random }: DriverParts): ByteStream | undefined {
  switch (config.driver) {
    case 'serial':
      return new SerialStream({ ...config, clock, random });
    case 'tcp':
      return new TcpStream({ ...config, clock, random });
    case 'dbc':
      return undefined;
  }
}
