import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Replay, VirtualBus } from '@iot/agent';
import { formatCandump } from '@iot/canlog';
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
