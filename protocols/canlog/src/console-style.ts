import { FLAG_BITRATE_SWITCH, FLAG_ERROR_STATE, FLAG_FD, FRAME_BYTES_MAX, type FrameBlock, ID_REMOTE } from '@iot/wire';
import { CLASSIC_BYTES_MAX, isFdLength } from './id.ts';
import { type Fault, HEX_VALUE, isAtEnd, type Line, SPACE, skipBlanks } from './line.ts';

const DASH = 0x2d;
const UPPER_B = 0x42;
const UPPER_E = 0x45;
const UPPER_R = 0x52;
const UPPER_T = 0x54;
const UPPER_X = 0x58;
const REMOTE_REQUEST = 'remote request';

const OPEN_LENGTH = 0x5b;
const CLOSE_LENGTH = 0x5d;
const OPEN_RAW_DLC = 0x7b;
const CLOSE_RAW_DLC = 0x7d;

/** What `candump -x` writes before the id, `RX B E  `: FLAG_ bits without FLAG_FD; -1 where damaged, 0 where there is none. */
export function readMessageInfo(line: Line): number {
  const { bytes, at } = line;
  if ((bytes[at] !== UPPER_R && bytes[at] !== UPPER_T) || bytes[at + 1] !== UPPER_X) return 0;
  if (bytes[at + 2] !== SPACE) return -1;
  const bitrate = bytes[at + 3];
  if ((bitrate !== UPPER_B && bitrate !== DASH) || bytes[at + 4] !== SPACE) return -1;
  const state = bytes[at + 5];
  if ((state !== UPPER_E && state !== DASH) || bytes[at + 6] !== SPACE) return -1;
  line.at = at + 7;
  skipBlanks(line);
  return (bitrate === UPPER_B ? FLAG_BITRATE_SWITCH : 0) | (state === UPPER_E ? FLAG_ERROR_STATE : 0);
}

/**
 * What follows the id on the console, into slot `block.count` (which the caller counts): `  [8]  11 22 …`, two digits as in
 * `[08]` for CAN FD, `{F}` for the raw DLC of `candump -8`, `remote request`, and behind the data text for people
 * (`'..ASCII.'`, `ERRORFRAME`), which is skipped (can-utils lib.c, `sprint_long_canframe`).
 */
export function readConsoleFrame(line: Line, block: FrameBlock, id: number, infoFlags: number): Fault | undefined {
  skipBlanks(line);
  const fault = readLength(line, block, infoFlags);
  if (fault) return fault;
  skipBlanks(line);
  const i = block.count;
  if (startsWithRemoteRequest(line)) {
    if (block.flags[i] !== 0) return 'bad-flags';
    block.data.fill(0, i * FRAME_BYTES_MAX, i * FRAME_BYTES_MAX + CLASSIC_BYTES_MAX);
    block.id[i] = id + ID_REMOTE;
    return undefined;
  }
  block.id[i] = id;
  return readBytes(line, block);
}

function startsWithRemoteRequest(line: Line): boolean {
  for (let i = 0; i < REMOTE_REQUEST.length; i++) {
    if (line.bytes[line.at + i] !== REMOTE_REQUEST.charCodeAt(i)) return false;
  }
  return true;
}

function readLength(line: Line, block: FrameBlock, infoFlags: number): Fault | undefined {
  const { bytes } = line;
  const open = bytes[line.at];
  if (open !== OPEN_LENGTH && open !== OPEN_RAW_DLC) return 'bad-length';
  const first = HEX_VALUE[bytes[++line.at]];
  const second = HEX_VALUE[bytes[++line.at]];
  const isFd = open === OPEN_LENGTH && second >= 0;
  if (isFd) line.at++;
  if (bytes[line.at] !== (open === OPEN_LENGTH ? CLOSE_LENGTH : CLOSE_RAW_DLC)) return 'bad-length';
  line.at++;
  let length = first;
  if (isFd) length = first <= 9 && second <= 9 ? first * 10 + second : -1;
  // A raw DLC of 9 to 15 is eight bytes (ISO 11898-1); `[9]` does not exist.
  else if (open === OPEN_RAW_DLC) length = Math.min(first, CLASSIC_BYTES_MAX);
  if (length < 0 || (isFd ? !isFdLength(length) : length > CLASSIC_BYTES_MAX)) return 'bad-length';
  block.flags[block.count] = isFd ? infoFlags | FLAG_FD : 0;
  block.length[block.count] = length;
  return undefined;
}

function readBytes(line: Line, block: FrameBlock): Fault | undefined {
  const { bytes } = line;
  const length = block.length[block.count];
  const to = block.count * FRAME_BYTES_MAX;
  for (let b = 0; b < length; b++) {
    if (b > 0) {
      if (bytes[line.at] === SPACE) line.at++;
      else return isAtEnd(line) ? 'bad-length' : 'bad-hex';
    }
    const high = HEX_VALUE[bytes[line.at]];
    if (high < 0) return isAtEnd(line) || bytes[line.at] === SPACE ? 'bad-length' : 'bad-hex';
    const low = HEX_VALUE[bytes[line.at + 1]];
    if (low < 0) return 'bad-hex';
    block.data[to + b] = (high << 4) | low;
    line.at += 2;
  }
  const end = line.at;
  skipBlanks(line);
  if (isAtEnd(line) || length === 0) return undefined;
  // Text for people stands apart by at least two blanks; behind a single one is another byte of data.
  const gap = line.at - end;
  if (gap === 0) return 'bad-hex';
  return gap === 1 ? 'bad-length' : undefined;
}
