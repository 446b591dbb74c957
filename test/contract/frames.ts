import type { Clock } from '@iot/agent';
import { FLAG_BITRATE_SWITCH, FLAG_FD, FRAME_BYTES_MAX, FrameBlock, ID_EXTENDED, ID_REMOTE } from '@iot/wire';

/** A frame as tests write it. */
export interface TestFrame {
  readonly id: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

export const CLASSIC_FRAMES: readonly TestFrame[] = [
  { id: 0x7e8, flags: 0, data: Uint8Array.of(4, 0x41, 0x0c, 0x1a, 0xf8, 0xaa, 0xaa, 0xaa) },
  { id: (ID_EXTENDED | 0x0cf00400) >>> 0, flags: 0, data: Uint8Array.of(0xff, 1, 2, 3, 4, 5, 6, 0) },
  { id: 0x000, flags: 0, data: new Uint8Array(0) },
  { id: 0x7ff, flags: 0, data: Uint8Array.of(0x80) },
  { id: (ID_EXTENDED | 0x1fffffff) >>> 0, flags: 0, data: Uint8Array.of(1, 2, 3) },
];

export const REMOTE_FRAME: TestFrame = { id: (0x123 | ID_REMOTE) >>> 0, flags: 0, data: new Uint8Array(0) };

export const FD_FRAMES: readonly TestFrame[] = [
  { id: 0x321, flags: FLAG_FD | FLAG_BITRATE_SWITCH, data: Uint8Array.from({ length: 64 }, (_, i) => 255 - i) },
  { id: (ID_EXTENDED | 0x18ff1234) >>> 0, flags: FLAG_FD, data: Uint8Array.from({ length: 12 }, (_, i) => i) },
];

/** Frames that tell their place in a long row. */
export function numberedFrames(count: number, first = 0): TestFrame[] {
  return Array.from({ length: count }, (_, i) => {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setUint32(0, first + i);
    return { id: 0x100 + ((first + i) % 16), flags: 0, data };
  });
}

export function blockOf(frames: readonly TestFrame[]): FrameBlock {
  const block = new FrameBlock(Math.max(1, frames.length));
  for (const { id, flags, data } of frames) block.push(0, id, flags, data);
  return block;
}

export function frameAt(block: FrameBlock, i: number): TestFrame {
  const start = i * FRAME_BYTES_MAX;
  return { id: block.id[i], flags: block.flags[i], data: block.data.slice(start, start + block.length[i]) };
}

/** The real clock, with every wait cut to a moment: what reconnects does so at once. */
export function hastyClock(): Clock {
  return {
    bootId: new Uint8Array(16),
    bootUs: () => Math.floor(performance.now() * 1000),
    wallUs: () => Date.now() * 1000,
    setTimer(_delayMs, run) {
      const timer = setTimeout(run, 1);
      return () => clearTimeout(timer);
    },
  };
}
