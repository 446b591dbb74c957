import { type FrameBlock, ID_ERROR } from '@iot/wire';
import { describe, expect, it } from 'vitest';
import type { SocketCanChannel, SocketCanMessage, SocketCanModule } from '../../src/drivers/socketcan/binding.ts';
import { readErrorFrame } from '../../src/drivers/socketcan/error-frame.ts';
import {
  explainBinding,
  explainInterface,
  type InterfaceState,
  readInterface,
} from '../../src/drivers/socketcan/interface.ts';
import { SocketCanBus } from '../../src/drivers/socketcan/socketcan-bus.ts';
import { ManualClock } from './clock.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Error frames as drivers of the kernel make them; classes and bytes as in linux/can/error.h. */
const ERROR_FRAMES = [
  { name: 'bus-off (sja1000)', id: 0x040, data: '0000000000000000', state: 'bus-off', overflow: false },
  { name: 'restarted', id: 0x100, data: '0000000000000000', state: 'up', overflow: false },
  { name: 'receive buffer overflow', id: 0x004, data: '0001000000000000', state: undefined, overflow: true },
  { name: 'transmit buffer overflow', id: 0x004, data: '0002000000000000', state: undefined, overflow: false },
  { name: 'error warning, receive', id: 0x004, data: '0004000000000000', state: undefined, overflow: false },
  { name: 'error passive, receive', id: 0x204, data: '0010000000008000', state: 'error-passive', overflow: false },
  { name: 'error passive, transmit', id: 0x204, data: '0020000000000080', state: 'error-passive', overflow: false },
  { name: 'error active again', id: 0x204, data: '0040000000000000', state: 'up', overflow: false },
  { name: 'no acknowledgement, bus error', id: 0x0a8, data: '0000001900000000', state: undefined, overflow: false },
] as const;

it.each(ERROR_FRAMES)('error frame: $name', ({ id, data, state, overflow }) => {
  expect(readErrorFrame(id, bytes(data))).toEqual({ state, overflow });
});

class Channel implements SocketCanChannel {
  message: (message: SocketCanMessage) => void = () => {};
  stopped: () => void = () => {};
  addListener(event: 'onMessage' | 'onStopped', callback: (message: never) => void): void {
    if (event === 'onMessage') this.message = callback as (message: SocketCanMessage) => void;
    else this.stopped = callback as () => void;
  }
  start(): void {}
  stop(): void {
    this.stopped();
  }
}

interface Rig {
  readonly bus: SocketCanBus;
  readonly clock: ManualClock;
  readonly channel: Channel;
  readonly times: number[];
  set(state: InterfaceState): void;
}

function makeRig(state: InterfaceState = 'up', load?: () => Promise<SocketCanModule>): Rig {
  const clock = new ManualClock();
  const channel = new Channel();
  const module: SocketCanModule = { createRawChannel: () => channel };
  let now = state;
  const bus = new SocketCanBus({
    name: 'can0',
    interface: 'can0',
    clock,
    random: () => 0,
    load: load ?? (async () => module),
    probe: () => now,
  });
  return {
    bus,
    clock,
    channel,
    times: [],
    set: (next) => {
      now = next;
    },
  };
}

const openRig = async (rig: Rig): Promise<Rig> => {
  await rig.bus.open((block: FrameBlock) => rig.times.push(...block.timeUs.subarray(0, block.count)));
  return rig;
};

describe('times', () => {
  /** A frame that the kernel stamped so many µs ago by the wall clock. */
  const aged = (clock: ManualClock, ageUs: number): SocketCanMessage => {
    const wallUs = clock.wallUs() - ageUs;
    return { id: 1, ts_sec: Math.floor(wallUs / 1e6), ts_usec: wallUs % 1e6, data: new Uint8Array(0) };
  };

  it.each([
    { name: 'the age by the kernel is taken off', ages: [3000, 1200, 0], expected: [-3000, -1200, 0] },
    { name: 'a wall clock stepped forward by an hour changes nothing', ages: [3.6e9], expected: [0] },
    { name: 'a wall clock stepped back changes nothing', ages: [-5e6], expected: [0] },
    { name: 'times never go back', ages: [100, 900], expected: [-100, -100] },
  ])('$name', async ({ ages, expected }) => {
    const { bus, clock, channel, times } = await openRig(makeRig());
    for (const age of ages) channel.message(aged(clock, age));
    await bus.close();
    expect(times.map((time) => time - clock.nowUs)).toEqual(expected);
  });

  it('without a stamp are those of the moment', async () => {
    const { bus, clock, channel, times } = await openRig(makeRig());
    channel.message({ id: 1, data: new Uint8Array(0) });
    await bus.close();
    expect(times).toEqual([clock.nowUs]);
  });
});

describe('state', () => {
  it('follows error frames, which are not delivered', async () => {
    const { bus, channel, times } = await openRig(makeRig());
    const seen = ERROR_FRAMES.map(({ id, data }) => {
      channel.message({ id: id | ID_ERROR, err: true, data: bytes(data) });
      return bus.health().state;
    });
    expect(seen).toEqual(['bus-off', 'up', 'up', 'up', 'up', 'error-passive', 'error-passive', 'up', 'up']);
    expect(bus.health()).toMatchObject({ overflowed: 1, received: 0, detail: undefined });
    await bus.close();
    expect(times).toEqual([]);
  });

  it('says what to do about a bus that is off', async () => {
    const { bus, channel } = await openRig(makeRig());
    channel.message({ id: 0x40, err: true, data: new Uint8Array(8) });
    expect(bus.health().detail).toMatch(/ip link set can0 type can restart/);
    await bus.close();
  });

  it('follows an interface that goes down and comes up under an open socket', async () => {
    const { bus, clock, set } = await openRig(makeRig());
    set('down');
    clock.next();
    expect(bus.health()).toMatchObject({ state: 'down', detail: expect.stringMatching(/can0 is down/) });
    set('up');
    clock.next();
    expect(bus.health()).toMatchObject({ state: 'up', detail: undefined });
    await bus.close();
  });

  it('tries again, less and less often, and never more than every 10 s', async () => {
    const { bus, clock } = await openRig(makeRig('missing'));
    const waitsMs: number[] = [];
    for (let i = 0; i < 8; i++) {
      const before = clock.nowUs;
      clock.next();
      waitsMs.push((clock.nowUs - before) / 1000);
      await new Promise(setImmediate);
    }
    expect(waitsMs).toEqual([125, 250, 500, 1000, 2000, 4000, 5000, 5000]);
    await bus.close();
    expect(clock.nextUs).toBeUndefined();
  });
});

describe('what a person reads', () => {
  it.each([
    ['can0', 'missing', /no interface can0: is the adapter plugged in/],
    ['vcan0', 'missing', /`ip link add vcan0 type vcan && ip link set vcan0 up`/],
    ['can0', 'down', /`ip link set can0 up type can bitrate 500000 listen-only on`/],
    ['vcan0', 'down', /`ip link set vcan0 up`/],
    ['eth0', 'not-can', /eth0 is no CAN interface/],
    ['can0', 'up', undefined],
  ] as const)('%s that is %s', (name, state, text) => {
    if (text) expect(explainInterface(name, state)).toMatch(text);
    else expect(explainInterface(name, state)).toBeUndefined();
  });

  it('of a package that is not installed: how to have it', async () => {
    const missing = Object.assign(new Error("Cannot find package 'socketcan'"), { code: 'ERR_MODULE_NOT_FOUND' });
    const { bus } = await openRig(makeRig('up', () => Promise.reject(missing)));
    expect(bus.health()).toMatchObject({ state: 'down', detail: expect.stringMatching(/socketcan is not installed/) });
    expect(explainBinding(missing)).toMatch(/apt-get install g\+\+ make python3/);
    await bus.close();
  });

  it('of interfaces that every Linux has, or none', () => {
    expect(readInterface('no-such-interface')).toBe('missing');
    if (process.platform === 'linux') expect(readInterface('lo')).toBe('not-can');
  });
});
