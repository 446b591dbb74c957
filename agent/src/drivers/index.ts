import type { BusConfig, GnssConfig } from '../config.ts';
import { resolveFrom } from '../files.ts';
import type { ByteStream, CanBus, Clock } from '../ports.ts';
import { Replay } from './replay/replay.ts';
import { SerialStream } from './serial-stream.ts';
import { SocketCanBus } from './socketcan/socketcan-bus.ts';
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

type ReplayConfig = Extract<BusConfig, { driver: 'replay' }>;

/** The buses of a config, not opened yet. @throws DriverError where one cannot be what the config says */
export function makeBuses(configs: readonly BusConfig[], parts: DriverParts): CanBus[] {
  const replays = new Map<string, Replay>();
  // Buses that play the same recording in the same way share one player, and stay in step by it.
  const replayOf = ({ file, speed, stamp, loop }: ReplayConfig): Replay => {
    const key = JSON.stringify([file, speed, stamp, loop]);
    const known = replays.get(key);
    if (known) return known;
    const replay = new Replay({ ...parts, file: resolveFrom(parts.configFile, file), speed, stamp, loop });
    replays.set(key, replay);
    return replay;
  };
  return configs.map((config) => makeBus(config, parts, replayOf));
}

function makeBus(config: BusConfig, parts: DriverParts, replayOf: (config: ReplayConfig) => Replay): CanBus {
  const { configFile, clock, random } = parts;
  switch (config.driver) {
    case 'virtual':
      return new VirtualBus({ name: config.name, path: resolveFrom(configFile, config.path), clock, random });
    case 'socketcan':
      return new SocketCanBus({ name: config.name, interface: config.interface, clock, random });
    case 'replay':
      return replayOf(config).bus(config.name, config.interface);
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
