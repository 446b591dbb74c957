import { FrameBlock } from '@iot/wire';
import { VirtualBus } from '../../src/drivers/virtual/virtual-bus.ts';
import { hastyClock } from './clock.ts';

/** A member of a virtual bus in a process of its own: says when it is up, and sends `id`, numbered, as long as it lives. */
const [path, id] = process.argv.slice(2);
const bus = new VirtualBus({ name: 'member', path, clock: hastyClock(), random: Math.random });
await bus.open(() => {});
const block = new FrameBlock(1);
let number = 0;
setInterval(() => {
  const payload = new Uint8Array(8);
  new DataView(payload.buffer).setUint32(0, number);
  block.clear();
  block.push(0, Number(id), 0, payload);
  if (bus.send(block) && number++ === 0) process.stdout.write('sending\n');
}, 2);
