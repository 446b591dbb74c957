import { DecodeError } from '@iot/wire';

export const DAY_US = 86_400e6;

/** GPS counts weeks in 10 bits (IS-GPS-200, 20.3.3.3.1.1); a receiver that guesses the wrong cycle is off by this. */
const CYCLE_WEEKS = 1024;
const CYCLE_US = CYCLE_WEEKS * 7 * DAY_US;

/** Two-digit years from here are 19xx: GPS began in January 1980. */
const CENTURY_PIVOT = 80;

export interface RepairedTime {
  /** Unix µs. */
  readonly utcUs: number;
  /** Weeks that were added, a multiple of 1024; 0 where the date was plausible. */
  readonly weeksAdded: number;
}

/**
 * Undoes a GPS week rollover: a time earlier than `notBeforeUs` is moved forward by 1024 weeks until it is not.
 * `notBeforeUs` is a time that the data is known not to be older than: for a live receiver the build date of the software,
 * for a recording its own date. A bound that is too late makes a right date wrong, by the same 1024 weeks.
 */
export function repairRollover(utcUs: number, notBeforeUs: number): RepairedTime {
  const cycles = Math.max(0, Math.ceil((notBeforeUs - utcUs) / CYCLE_US));
  return { utcUs: utcUs + cycles * CYCLE_US, weeksAdded: cycles * CYCLE_WEEKS };
}

/** RMC's `ddmmyy` as Unix µs of its midnight. */
export function parseShortDate(field: string): number {
  const match = /^(\d{2})(\d{2})(\d{2})$/.exec(field);
  if (!match) throw new DecodeError('nmea/bad-field', `date: ddmmyy expected, "${field}" found`);
  const [day, month, year] = match.slice(1).map(Number);
  return midnightUs(year >= CENTURY_PIVOT ? 1900 + year : 2000 + year, month, day);
}

/** Unix µs of the day's midnight; throws where there is no such day. */
export function midnightUs(year: number, month: number, day: number): number {
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (year < 1980 || year > 9999 || midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) {
    throw new DecodeError('nmea/bad-field', `date: there is no day ${day} of month ${month} in ${year}`);
  }
  return midnight.getTime() * 1000;
}
