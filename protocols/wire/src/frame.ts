/** Bits of `FrameBlock.id`, as in Linux's `can_id` (linux/can.h). */
export const ID_EXTENDED = 0x8000_0000;
export const ID_REMOTE = 0x4000_0000;
export const ID_ERROR = 0x2000_0000;
export const ID_MASK = 0x1fff_ffff;

/** Bits of `FrameBlock.flags`, as in Linux's `canfd_frame.flags` (linux/can.h). */
export const FLAG_BITRATE_SWITCH = 0x01;
export const FLAG_ERROR_STATE = 0x02;
export const FLAG_FD = 0x04;

export const FRAME_BYTES_MAX = 64;

/**
 * Frames in columns: what one wake-up of a bus delivers, with no object per frame.
 * The receiver must be done with a block when its handler returns: drivers use it again.
 */
export class FrameBlock {
  count = 0;
  readonly capacity: number;
  /** Capture time, µs, on the clock of the source (boot-time clock; for a recording, Unix time). */
  readonly timeUs: Float64Array;
  /** CAN id with the ID_ flags. */
  readonly id: Uint32Array;
  /** FLAG_ bits; 0 for classic CAN. */
  readonly flags: Uint8Array;
  /** Payload length in bytes, 0 to 64. */
  readonly length: Uint8Array;
  /** Payload of frame i starts at `i * 64`; bytes past `length[i]` are undefined. */
  readonly data: Uint8Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.timeUs = new Float64Array(capacity);
    this.id = new Uint32Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.length = new Uint8Array(capacity);
    this.data = new Uint8Array(capacity * FRAME_BYTES_MAX);
  }

  get full(): boolean {
    return this.count === this.capacity;
  }

  /** Adds one frame; false, and nothing done, where the block is full. */
  push(
    timeUs: number,
    id: number,
    flags: number,
    payload: Uint8Array,
    start = 0,
    length = payload.length - start,
  ): boolean {
    const i = this.count;
    if (i === this.capacity) return false;
    this.timeUs[i] = timeUs;
    this.id[i] = id;
    this.flags[i] = flags;
    this.length[i] = length;
    const at = i * FRAME_BYTES_MAX;
    for (let b = 0; b < length; b++) this.data[at + b] = payload[start + b];
    this.count = i + 1;
    return true;
  }

  clear(): void {
    this.count = 0;
  }
}
