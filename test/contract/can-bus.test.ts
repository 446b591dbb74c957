import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Replay, readInterface, SocketCanBus, VirtualBus } from '@iot/agent';
import { formatCandump } from '@iot/canlog';
import { FLAG_FD } from '@iot/wire';
import { describe } from 'vitest';
import { openSender, ScriptedSocketCan } from '../sim/socketcan.ts';
import { describeCanBus } from './can-bus.ts';
import { blockOf, FD_FRAMES, hastyClock, REMOTE_FRAME } from './frames.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'odo-bus-'));
const random = (): number => 0.5;

describeCanBus('virtual, another member as hub', { frames: [REMOTE_FRAME, ...FD_FRAMES] }, async () => {
  const at = await folder();
  // The source is the folder that the bus is in: without it there can be no hub.
  const path = join(at, 'can0');
  const clock = hastyClock();
  const bus = new VirtualBus({ name: 'can0', path, clock, random });
  let peer = new VirtualBus({ name: 'peer', path, clock, random });
  await peer.open(() => {});
  return {
    bus,
    async put(frames) {
      for (let i = 0; i < frames.length; i += 500) peer.send(blockOf(frames.slice(i, i + 500)));
    },
    source: {
      async lose() {
        await rm(at, { recursive: true });
        await peer.close();
      },
      async restore() {
        await mkdir(at);
        peer = new VirtualBus({ name: 'peer', path, clock, random });
        await peer.open(() => {});
      },
    },
    async remove() {
      await peer.close();
      await rm(at, { recursive: true, force: true });
    },
  };
});

describeCanBus('replay', { frames: [REMOTE_FRAME, ...FD_FRAMES], isRecording: true }, async (recorded) => {
  const at = await folder();
  const file = join(at, 'log');
  const block = blockOf(recorded);
  block.timeUs.forEach((_, i) => {
    block.timeUs[i] = 1.7e15 + i * 1000;
  });
  await writeFile(file, recorded.map((_, i) => `${formatCandump(block, i, 'can0')}\n`).join(''));
  const replay = new Replay({
    file,
    speed: 'max',
    stamp: 'now',
    loop: false,
    clock: hastyClock(),
    pace: async () => {},
    onDamage: () => {},
  });
  return {
    bus: replay.bus('can0'),
    put: async () => {},
    remove: () => rm(at, { recursive: true, force: true }),
  };
});

// The binding does not tell short CAN FD frames from classic ones, so only long ones are asked of it.
const socketcanFrames = [REMOTE_FRAME, { ...FD_FRAMES[0], flags: FLAG_FD }, FD_FRAMES[1]];

describeCanBus('socketcan, on a scripted binding', { frames: socketcanFrames }, async () => {
  const can = new ScriptedSocketCan();
  const { load, probe } = can;
  return {
    bus: new SocketCanBus({ name: 'can0', interface: 'can0', clock: hastyClock(), random, load, probe }),
    put: async (frames) => can.receive(frames),
    source: { lose: async () => can.unplug(), restore: async () => can.plug() },
    remove: async () => {},
  };
});

/** A virtual interface made for this: `ip link add vcan-odo type vcan && ip link set vcan-odo up`. */
const VCAN = 'vcan-odo';

describe.skipIf(readInterface(VCAN) !== 'up')(`on the interface ${VCAN}`, () => {
  describeCanBus('socketcan', { frames: socketcanFrames }, async () => {
    const options = { interface: VCAN, clock: hastyClock(), random };
    const peer = await openSender(VCAN);
    return {
      bus: new SocketCanBus({ name: 'can0', ...options }),
      put: async (frames) => peer.send(frames),
      source: {
        lose: async () => void execFileSync('ip', ['link', 'set', VCAN, 'down']),
        restore: async () => void execFileSync('ip', ['link', 'set', VCAN, 'up']),
      },
      remove: async () => peer.close(),
    };
  });
});
