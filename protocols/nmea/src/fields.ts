import { DecodeError } from '@iot/wire';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;
const WHOLE = /^\d+$/;
const COORDINATE = /^(\d{2,3})(\d{2}(?:\.\d*)?)$/;
const TIME = /^(\d{2})(\d{2})(\d{2})(?:\.(\d*))?$/;

function bad(what: string, field: string): DecodeError {
  return new DecodeError('nmea/bad-field', `${what} expected, "${field}" found`);
}

/**
 * The fields of one sentence by their number in the standard's tables, from 1. An empty field, or one that an older
 * version of the standard does not have, is undefined: a receiver that does not know says so by leaving it out.
 */
export class Fields {
  /** Fields behind the address. */
  readonly count: number;
  readonly #fields: readonly string[];

  /** `fields[0]` is the address. */
  constructor(fields: readonly string[]) {
    this.#fields = fields;
    this.count = fields.length - 1;
  }

  text(n: number): string | undefined {
    return this.#fields[n] || undefined;
  }

  number(n: number): number | undefined {
    const field = this.#fields[n];
    if (!field) return undefined;
    if (!NUMBER.test(field)) throw bad(`field ${n}: a number`, field);
    return Number(field);
  }

  whole(n: number): number | undefined {
    const field = this.#fields[n];
    if (!field) return undefined;
    if (!WHOLE.test(field)) throw bad(`field ${n}: a whole number`, field);
    return Number(field);
  }

  /** System and signal ids are hex digits (NMEA 0183 4.11, table of GNSS ids). */
  hexDigit(n: number): number | undefined {
    const field = this.#fields[n];
    if (!field) return undefined;
    if (!/^[0-9A-Fa-f]$/.test(field)) throw bad(`field ${n}: a hex digit`, field);
    return Number.parseInt(field, 16);
  }

  /** Fields n `ddmm.mm` or `dddmm.mm` and n + 1, its hemisphere: degrees, north and east positive. */
  coordinate(n: number, positive: 'N' | 'E', negative: 'S' | 'W'): number | undefined {
    const field = this.#fields[n];
    const hemisphere = this.#fields[n + 1];
    if (!field || !hemisphere) return undefined;
    const match = COORDINATE.exec(field);
    if (!match || (hemisphere !== positive && hemisphere !== negative)) {
      throw bad(`fields ${n} and ${n + 1}: degrees, minutes and ${positive} or ${negative}`, `${field},${hemisphere}`);
    }
    const minutes = Number(match[2]);
    const degrees = Number(match[1]) + minutes / 60;
    if (minutes >= 60 || degrees > (positive === 'N' ? 90 : 180)) {
      throw bad(`field ${n}: a place on Earth`, field);
    }
    return hemisphere === positive ? degrees : -degrees;
  }

  /** `hhmmss.ss`: µs since midnight UTC, exact. 60 seconds are a leap second. */
  timeOfDayUs(n: number): number | undefined {
    const field = this.#fields[n];
    if (!field) return undefined;
    const match = TIME.exec(field);
    const [hours, minutes, seconds] = match ? match.slice(1, 4).map(Number) : [];
    if (!match || hours > 23 || minutes > 59 || seconds > 60) throw bad(`field ${n}: hhmmss.ss`, field);
    const fractionUs = Number((match[4] ?? '').slice(0, 6).padEnd(6, '0'));
    return (hours * 3600 + minutes * 60 + seconds) * 1e6 + fractionUs;
  }
}
