import type { Fault, Line } from './line.ts';

const OPEN = 0x28;
const CLOSE = 0x29;
const DOT = 0x2e;
const COLON = 0x3a;
const DASH = 0x2d;
const SPACE = 0x20;
const ZERO = 0x30;

const SECONDS_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1e6) - 1;
/** µs in one unit of the last of n fractional digits, n up to 6. */
const FRACTION_UNIT_US = [1e6, 1e5, 1e4, 1e3, 1e2, 10, 1];

/**
 * Timestamp of a candump line, at the opening parenthesis: `(1627305599.790450)`, `(000.002200)` or
 * `(2021-07-26 13:19:59.790450)`. Integers throughout, so that the µs are exact. Nanoseconds (`candump -N`) are cut off.
 */
export function parseTime(line: Line): Fault | undefined {
  if (line.bytes[line.at] !== OPEN) return undefined;
  line.at++;
  const start = line.at;
  let seconds = readDigits(line, 10);
  if (line.at === start) return 'bad-time';
  const isDate = line.at === start + 4 && line.bytes[line.at] === DASH;
  if (isDate) seconds = readDate(line, seconds);
  if (seconds < 0 || seconds > SECONDS_MAX) return 'bad-time';
  const us = readFraction(line);
  if (us < 0 || line.bytes[line.at] !== CLOSE) return 'bad-time';
  line.at++;
  line.timeUs = seconds * 1e6 + us - (isDate ? line.utcOffsetUs : 0);
  return undefined;
}

/** An unsigned number of at most `digitsMax` digits. */
function readDigits(line: Line, digitsMax: number): number {
  const { bytes } = line;
  const end = line.at + digitsMax;
  let at = line.at;
  let value = 0;
  while (at < end) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    at++;
  }
  line.at = at;
  return value;
}

/** Dot and 1 to 9 digits, as µs; -1 where it is neither. */
function readFraction(line: Line): number {
  if (line.bytes[line.at] !== DOT) return -1;
  line.at++;
  const start = line.at;
  const value = readDigits(line, 6);
  const digits = line.at - start;
  if (digits === 0) return -1;
  if (digits === 6) readDigits(line, 3);
  return value * FRACTION_UNIT_US[digits];
}

/** The rest of `YYYY-MM-DD hh:mm:ss`, at the first dash, as seconds since 1970 with no time zone applied; -1 where damaged. */
function readDate(line: Line, year: number): number {
  const month = readPart(line, DASH);
  const day = readPart(line, DASH);
  const hour = readPart(line, SPACE);
  const minute = readPart(line, COLON);
  const second = readPart(line, COLON);
  if (Math.min(month, day, hour, minute, second) < 0) return -1;
  if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return -1;
  const midnight = Date.UTC(year, month - 1, day);
  // Date.UTC carries 31 April over to May: such a day does not exist.
  if (new Date(midnight).getUTCDate() !== day) return -1;
  return midnight / 1000 + hour * 3600 + minute * 60 + second;
}

/** A separator and two digits; -1 where it is anything else. */
function readPart(line: Line, separator: number): number {
  if (line.bytes[line.at] !== separator) return -1;
  line.at++;
  const start = line.at;
  const value = readDigits(line, 2);
  return line.at === start + 2 ? value : -1;
}
