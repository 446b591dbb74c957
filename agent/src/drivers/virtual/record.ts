import { FRAME_BYTES_MAX, type FrameBlock } from '@iot/wire';

/**
 * One frame on a virtual bus's socket: 72 bytes laid out as Linux's `struct canfd_frame` (linux/can.h), little endian:
 * can_id u32, len u8, flags u8, two reserved bytes, data[64]. A record whose id is OVERFLOW_ID carries no frame but, in its
 * first four data bytes, how many the hub had to drop for this member since the last such record.
 */
export const RECORD_BYTES = 72;
export const OVERFLOW_ID = 0xffff_ffff;
const DATA_AT = 8;

export function writeRecord(into: Buffer, at: number, block: FrameBlock, i: number): void {
  into.writeUInt32LE(block.id[i], at);
  into[at + 4] = block.length[i];
  into[at + 5] = block.flags[i];
  const start = i * FRAME_BYTES_MAX;
  into.set(block.data.subarray(start, start + block.length[i]), at + DATA_AT);
}

export function overflowRecord(dropped: number): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  record.writeUInt32LE(OVERFLOW_ID, 0);
  record.writeUInt32LE(Math.min(dropped, 0xffff_ffff), DATA_AT);
  return record;
}

/** Splits a stream of records at any chunking. Gives the whole records of each chunk as one buffer. */
export class RecordSplitter {
  #rest: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): Buffer {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const whole = all.length - (all.length % RECORD_BYTES);
    this.#rest = Buffer.from(all.subarray(whole));
    return all.subarray(0, whole);
  }
}

/**
 * Adds the frames of whole records to a block, as many as it takes from `from` on; gives where it stopped and how many
 * frames the hub said it dropped. A length that no frame can have is cut to 64.
 */
export function readRecords(
  records: Buffer,
  from: number,
  timeUs: number,
  block: FrameBlock,
): { at: number; dropped: number } {
  let at = from;
  let dropped = 0;
  for (; at < records.length && !block.full; at += RECORD_BYTES) {
    const id = records.readUInt32LE(at);
    if (id === OVERFLOW_ID) dropped += records.readUInt32LE(at + DATA_AT);
    else block.push(timeUs, id, records[at + 5], records, at + DATA_AT, Math.min(records[at + 4], FRAME_BYTES_MAX));
  }
  return { at, dropped };
}
