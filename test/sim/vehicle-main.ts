import { parseArgs } from 'node:util';
import { createSystemClock, VirtualBus } from '@iot/agent';
import { untilSignal } from '@iot/host';
import { GnssFeed } from './gnss/feed.ts';
import { Pty } from './pty.ts';
import { seededRandom } from './route.ts';
import { SimulatedVehicle } from './vehicle/vehicle.ts';

const USAGE = `vehicle-main: a simulated vehicle, until SIGTERM

Usage: node --conditions=source test/sim/vehicle-main.ts --kind car|truck --bus PATH [--seed N] [--gnss-port PORT] [--gnss-pty]

  --kind car|truck   a car that answers OBD-II mode 01 on 7E8, or a J1939 truck
  --bus PATH         local socket of the virtual bus its frames go to
  --seed N           its way, its noise and its age (default 1)
  --gnss-port PORT   serve its receiver's NMEA on this loopback port; 0 takes a free one (default 0)
  --gnss-pty         serve it on a pseudo terminal as well (needs python3)

The first line of standard output is JSON when all is open: {"kind", "seed", "bus", "gnssPort", "gnssPty"}.
`;

/** Real time between steps: frames of one step reach the bus together. */
const STEP_MS = 10;
const STEP_MS_MAX = 250;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        kind: { type: 'string' },
        bus: { type: 'string' },
        seed: { type: 'string', default: '1' },
        'gnss-port': { type: 'string', default: '0' },
        'gnss-pty': { type: 'boolean', default: false },
      },
    });
    const { kind, bus } = values;
    const seed = Number(values.seed);
    const gnssPort = Number(values['gnss-port']);
    if (kind !== 'car' && kind !== 'truck') throw new Error('--kind must be car or truck');
    if (bus === undefined) throw new Error('--bus is missing: name the local socket of the bus');
    if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a whole number');
    if (!(gnssPort >= 0 && gnssPort <= 65_535)) throw new Error('--gnss-port must be 0 to 65535');
    return { kind, bus, seed, gnssPort, withPty: values['gnss-pty'] } as const;
  } catch (error) {
    process.stderr.write(`vehicle-main: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { kind, bus: path, seed, gnssPort, withPty } = readOptions();
const clock = createSystemClock();
const bus = new VirtualBus({ name: 'vehicle', path, clock, random: seededRandom(seed) });
const feed = await GnssFeed.listen(gnssPort);
const pty = withPty ? await Pty.open() : undefined;
await bus.open(() => {});

const startUs = clock.bootUs();
const vehicle = new SimulatedVehicle({ kind, seed, startMs: clock.wallUs() / 1000 });
let drivenMs = 0;
const timer = setInterval(() => {
  const elapsedMs = (clock.bootUs() - startUs) / 1000;
  while (drivenMs < elapsedMs) {
    const stepMs = Math.min(STEP_MS_MAX, elapsedMs - drivenMs);
    drivenMs += stepMs;
    const { frames, sentences } = vehicle.step(stepMs);
    if (frames.count > 0) bus.send(frames);
    if (sentences === '') continue;
    feed.send(sentences);
    pty?.write(sentences);
  }
}, STEP_MS);

process.stdout.write(`${JSON.stringify({ kind, seed, bus: path, gnssPort: feed.port, gnssPty: pty?.path })}\n`);
await untilSignal(async () => {
  clearInterval(timer);
  await bus.close();
  await feed.close();
  await pty?.close();
});
