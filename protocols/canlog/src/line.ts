/** Why a line is no frame; the code of its DecodeError is `canlog/` and this. */
export type Fault =
  | 'bad-time'
  | 'bad-bus'
  | 'bad-id'
  | 'bad-hex'
  | 'bad-length'
  | 'bad-flags'
  | 'trailing'
  | 'line-too-long'
  | 'too-many-buses';

/**
 * A line while it is read: one object per reader, so that a line costs no allocation. The byte at the line's end
 * is always a newline, which is no digit, no blank and no name: loops stop at it and need no bounds check.
 */
export interface Line {
  bytes: Uint8Array;
  /** Index of the next byte to read; where a fault is found, its place. */
  at: number;
  /** As written, µs; undefined where the line has no timestamp. */
  timeUs: number | undefined;
  /** Taken from dates, which are written in local time, µs. */
  readonly utcOffsetUs: number;
}

export const SPACE = 0x20;
export const TAB = 0x09;
const CR = 0x0d;
export const NEWLINE = 0x0a;

/** Value of an ASCII hex digit; negative for every other byte, so that two are checked with one `or`. */
export const HEX_VALUE = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX_VALUE[digit.toString(16).charCodeAt(0)] = digit;
  HEX_VALUE[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

export function skipBlanks(line: Line): void {
  const { bytes } = line;
  let at = line.at;
  while (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === CR) at++;
  line.at = at;
}

export function isAtEnd(line: Line): boolean {
  return line.bytes[line.at] === NEWLINE;
}
