import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameBlock } from '@iot/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RECORD_BYTES, writeRecord } from '../../src/drivers/virtual/record.ts';
import { VirtualBus } from '../../src/drivers/virtual/virtual-bus.ts';
import { hastyClock } from './clock.ts';

let folder: string;
let path: string;
let members: Member[] = [];
let processes: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odo-virtual-'));
  path = join(folder, 'can0');
});

afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL');
  for (const { bus } of members) await bus.close();
  members = [];
  processes = [];
  rmSync(folder, { recursive: true });
});

/** A member with the ids that it has heard. */
interface Member {
  readonly bus: VirtualBus;
  readonly heard: number[];
}

function member(at = path): Member {
  const bus = new VirtualBus({ name: 'can0', path: at, clock: hastyClock(), random: Math.random });
  const made = { bus, heard: [] as number[] };
  members.push(made);
  return made;
}

async function enter(one: Member): Promise<Member> {
  await one.bus.open((block) => one.heard.push(...block.id.subarray(0, block.count)));
  return one;
}

const isUp = ({ bus }: Member): Promise<void> =>
  vi.waitFor(() => expect(bus.health().state).toBe('up'), { timeout: 10_000 });

function say(one: Member, id: number): void {
  const block = new FrameBlock(1);
  block.push(0, id, 0, new Uint8Array(8));
  one.bus.send(block);
}

let rounds = 0;

/** Every member says a number of its own until all others have heard it: one bus, and not two. */
async function expectOneBus(all: readonly Member[]): Promise<void> {
  const first = 0x100 + 16 * rounds++;
  for (const one of all) await isUp(one);
  await vi.waitFor(
    () => {
      all.forEach((one, i) => {
        say(one, first + i);
      });
      all.forEach(({ heard }, i) => {
        const others = all.map((_, other) => first + other).filter((id) => id !== first + i);
        expect([...new Set(heard)].filter((id) => id >= first).sort((a, b) => a - b)).toEqual(others);
      });
    },
    { timeout: 10_000 },
  );
}

async function spawnMember(id: number): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'member-process.ts');
  const child = spawn(process.execPath, ['--conditions=source', script, path, String(id)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  await once(child.stdout!, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}

describe('who is the hub', () => {
  it('one of twelve that open at once: all are on one bus', async () => {
    const all = Array.from({ length: 12 }, () => member());
    await Promise.all(all.map(enter));
    await expectOneBus(all);
  });

  it('another, when the hub closes: the rest are on one bus again, and the new do join', async () => {
    const all: Member[] = [];
    for (let i = 0; i < 6; i++) all.push(await enter(member()));
    for (const gone of [0, 1, 2]) {
      await all[gone].bus.close();
      await expectOneBus([...all.slice(gone + 1), await enter(member())]);
    }
  });

  it('another, when the process of the hub is killed', async () => {
    const hub = await spawnMember(0x700);
    const all = [await enter(member()), await enter(member()), await enter(member())];
    await vi.waitFor(() => expect(all[2].heard).toContain(0x700));
    await kill(hub);
    for (const { heard } of all) heard.length = 0;
    await expectOneBus(all);
  });

  it('whoever comes first after all were killed: a dead socket is in nobody’s way', async () => {
    await kill(await spawnMember(0x700));
    expect(existsSync(path)).toBe(true);
    const all = Array.from({ length: 8 }, () => member());
    await Promise.all(all.map(enter));
    await expectOneBus(all);
  });

  it('leaves no socket behind when the last one closes', async () => {
    await (await enter(member())).bus.close();
    expect(existsSync(path)).toBe(false);
  });
});

describe('paths', () => {
  it('of more bytes than a socket address holds are refused, with what to do', () => {
    const long = `/tmp/${'b'.repeat(110)}`;
    expect(() => member(long)).toThrow(/115 bytes.*107: use a shorter one, below \/run or \/tmp/);
  });

  it('that are short only from the working directory will do', async () => {
    const before = process.cwd();
    const deep = mkdtempSync(join(folder, 'x'.repeat(100)));
    process.chdir(deep);
    try {
      const all = [await enter(member(join(deep, 'can0'))), await enter(member(join(deep, 'can0')))];
      await expectOneBus(all);
      for (const { bus } of all) await bus.close();
    } finally {
      process.chdir(before);
    }
  });

  it('that are a file are left alone', async () => {
    writeFileSync(path, 'precious');
    const { bus } = await enter(member());
    expect(bus.health()).toMatchObject({ state: 'down', detail: expect.stringMatching(/is no socket: name another/) });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('in a folder that is missing say so', async () => {
    const { bus } = await enter(member(join(folder, 'missing', 'can0')));
    expect(bus.health()).toMatchObject({ state: 'down', detail: expect.stringMatching(/missing/) });
  });
});

/** A member by hand, with the socket alone. */
async function rawMember(): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

describe('a member that does not read', () => {
  it('costs the hub bounded memory, the others nothing, and is told what it missed', async () => {
    const sender = await enter(member());
    const reader = await enter(member());
    const slow = await rawMember();
    slow.pause();
    // What a process's own buffers hold is beside the point: enough for them and the hub's bound several times over.
    const total = 300_000;
    const block = new FrameBlock(1000);
    for (let i = 0; i < 1000; i++) block.push(0, 0x123, 0, new Uint8Array(8));
    for (let sent = 0; sent < total; ) {
      if (sender.bus.send(block)) sent += block.count;
      else await new Promise(setImmediate);
    }
    await vi.waitFor(() => expect(reader.heard).toHaveLength(total), { timeout: 15_000 });
    expect(reader.bus.health().overflowed).toBe(0);

    let frames = 0;
    let missed = 0;
    let rest = Buffer.alloc(0);
    slow.on('data', (chunk: Buffer) => {
      const all = Buffer.concat([rest, chunk]);
      let at = 0;
      for (; at + RECORD_BYTES <= all.length; at += RECORD_BYTES) {
        if (all.readUInt32LE(at) === 0xffff_ffff) missed += all.readUInt32LE(at + 8);
        else frames++;
      }
      rest = all.subarray(at);
    });
    slow.resume();
    await vi.waitFor(() => expect(frames + missed).toBe(total), { timeout: 15_000 });
    expect(missed).toBeGreaterThan(total / 3);
    slow.destroy();
  });
});

describe('bytes from outside', () => {
  it('split anywhere are put together, and never mixed with another member’s', async () => {
    const listener = await enter(member());
    const raw = await rawMember();
    const block = new FrameBlock(2);
    block.push(0, 0x111, 0, Uint8Array.of(1, 2, 3));
    block.push(0, 0x222, 0, Uint8Array.of(4));
    const bytes = Buffer.alloc(2 * RECORD_BYTES);
    for (let i = 0; i < 2; i++) writeRecord(bytes, i * RECORD_BYTES, block, i);
    const other = await enter(member());
    for (const byte of bytes) {
      raw.write(Uint8Array.of(byte));
      say(other, 0x777);
      await new Promise(setImmediate);
    }
    await vi.waitFor(() => expect(listener.heard.filter((id) => id !== 0x777)).toEqual([0x111, 0x222]));
    raw.destroy();
  });

  it('that are no records at all end nobody: what looks like a frame is cut to one', async () => {
    const listener = await enter(member());
    const raw = await rawMember();
    raw.write(Buffer.alloc(10 * RECORD_BYTES, 0xfe));
    raw.end('GET / HTTP/1.1\r\n\r\n');
    await vi.waitFor(() => expect(listener.heard).toHaveLength(10));
    const other = await enter(member());
    await expectOneBus([other]);
    expect(listener.bus.health().state).toBe('up');
  });
});
