import { ID_ERROR, ID_EXTENDED } from '@iot/wire';
import { HEX_VALUE, type Line } from './line.ts';

const STANDARD_ID_MAX = 0x7ff;
const EIGHT_DIGIT_ID_MAX = 0x3fff_ffff;

export const CLASSIC_BYTES_MAX = 8;

/** Lengths up to 24 that a CAN FD DLC can say (ISO 11898-1, table of DLC values), as a set of bits. */
const FD_LENGTHS_TO_24 = 0x111_11ff;

export function isFdLength(length: number): boolean {
  if (length <= 24) return ((FD_LENGTHS_TO_24 >> length) & 1) === 1;
  return length === 32 || length === 48 || length === 64;
}

/**
 * The id at the cursor with its ID_ flags, or -1: three hex digits for 11 bits; eight for 29 bits or, with bit 29 set,
 * an error frame (can-utils lib.h, `parse_canframe`). The five digits of CAN XL are none of these.
 */
export function readId(line: Line): number {
  const { bytes } = line;
  let at = line.at;
  const end = at + 9;
  let id = 0;
  let digit = HEX_VALUE[bytes[at]];
  while (digit >= 0 && at < end) {
    id = id * 16 + digit;
    digit = HEX_VALUE[bytes[++at]];
  }
  const digits = at - line.at;
  if (digits === 3 && id <= STANDARD_ID_MAX) {
    line.at = at;
    return id;
  }
  if (digits !== 8 || id > EIGHT_DIGIT_ID_MAX) return -1;
  line.at = at;
  return id >= ID_ERROR ? id : id + ID_EXTENDED;
}
