import { FLAG_FD, FRAME_BYTES_MAX, type FrameBlock, ID_REMOTE } from '@iot/wire';
import { CLASSIC_BYTES_MAX, isFdLength } from './id.ts';
import { type Fault, HEX_VALUE, isAtEnd, type Line, skipBlanks } from './line.ts';

const HASH = 0x23;
const DOT = 0x2e;
const UNDERSCORE = 0x5f;
const UPPER_R = 0x52;
const LOWER_R = 0x72;
const UPPER_T = 0x54;

/** BRS and ESI of the nibble behind `##`; FDF (bit 2) is what `##` itself says. */
const FLAG_NIBBLE = 0x03;

/**
 * What follows the id in a log file, at the `#`, into slot `block.count` (which the caller counts):
 * `#<data>`, `#R[<dlc>]`, `##<flags><data>`, with dots between bytes allowed, `_<dlc>` behind eight bytes (the raw DLC of a
 * classic frame), and the direction that newer candumps add, ` R` or ` T` (can-utils lib.h, `parse_canframe`).
 */
export function readLogFrame(line: Line, block: FrameBlock, id: number): Fault | undefined {
  const { bytes } = line;
  const i = block.count;
  line.at++;
  const first = bytes[line.at];
  if (first === UPPER_R || first === LOWER_R) return readRemote(line, block, id) ?? readDirection(line);
  let flags = 0;
  if (first === HASH) {
    const nibble = HEX_VALUE[bytes[++line.at]];
    if (nibble < 0) return 'bad-flags';
    flags = (nibble & FLAG_NIBBLE) | FLAG_FD;
    line.at++;
    if (bytes[line.at] === DOT) line.at++;
  }
  const length = readHexRun(line, block, flags === 0 ? CLASSIC_BYTES_MAX : FRAME_BYTES_MAX);
  if (length < 0) return 'bad-hex';
  if (HEX_VALUE[bytes[line.at]] >= 0) return 'bad-length';
  if (flags !== 0 && !isFdLength(length)) return 'bad-length';
  if (flags === 0 && length === CLASSIC_BYTES_MAX) skipRawDlc(line);
  block.id[i] = id;
  block.flags[i] = flags;
  block.length[i] = length;
  return readDirection(line);
}

/** Pairs of hex digits into the block's next slot, up to `bytesMax`; the number of bytes, or -1 at half a byte. */
function readHexRun(line: Line, block: FrameBlock, bytesMax: number): number {
  const { bytes } = line;
  const { data } = block;
  const start = block.count * FRAME_BYTES_MAX;
  const end = start + bytesMax;
  let at = line.at;
  let to = start;
  while (to < end) {
    const high = HEX_VALUE[bytes[at]];
    if (high < 0) break;
    const low = HEX_VALUE[bytes[at + 1]];
    if (low < 0) {
      line.at = at + 1;
      return -1;
    }
    data[to++] = (high << 4) | low;
    at += 2;
    if (bytes[at] === DOT) at++;
  }
  line.at = at;
  return to - start;
}

/** A remote frame has a DLC and no data; its length is that DLC, as in Linux's `can_frame.len`, over zeros. */
function readRemote(line: Line, block: FrameBlock, id: number): Fault | undefined {
  const i = block.count;
  line.at++;
  const dlc = HEX_VALUE[line.bytes[line.at]];
  if (dlc > CLASSIC_BYTES_MAX) return 'bad-length';
  if (dlc >= 0) line.at++;
  if (dlc === CLASSIC_BYTES_MAX) skipRawDlc(line);
  block.id[i] = id + ID_REMOTE;
  block.flags[i] = 0;
  block.length[i] = Math.max(dlc, 0);
  block.data.fill(0, i * FRAME_BYTES_MAX, i * FRAME_BYTES_MAX + CLASSIC_BYTES_MAX);
  return undefined;
}

/** `_9` to `_F`: the DLC on the wire of a frame of eight bytes, which changes nothing for a receiver. */
function skipRawDlc(line: Line): void {
  const { bytes } = line;
  if (bytes[line.at] === UNDERSCORE && HEX_VALUE[bytes[line.at + 1]] > CLASSIC_BYTES_MAX) line.at += 2;
}

function readDirection(line: Line): Fault | undefined {
  if (isAtEnd(line)) return undefined;
  const { bytes } = line;
  const end = line.at;
  skipBlanks(line);
  if (isAtEnd(line)) return undefined;
  // What touches the data was meant as data, and is no hex digit.
  if (line.at === end) return 'bad-hex';
  if (bytes[line.at] !== UPPER_R && bytes[line.at] !== UPPER_T) return 'trailing';
  line.at++;
  skipBlanks(line);
  return isAtEnd(line) ? undefined : 'trailing';
}
