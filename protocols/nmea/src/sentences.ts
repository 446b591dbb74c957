import { DecodeError } from '@iot/wire';
import { midnightUs, parseShortDate } from './date.ts';
import { Fields } from './fields.ts';
import { isGnssTalker, type Satellite, systemOf } from './satellites.ts';

const KNOT_MPS = 1852 / 3600;
const KILOMETRE_PER_HOUR_MPS = 1 / 3.6;
const GSV_SATELLITE_FIELDS = 4;

/**
 * What a sentence says that is valid. Absent is what the receiver left out, or said is void: a position with status V or
 * quality 0 is an old one at best.
 */
export interface Sentence {
  readonly talker: string;
  readonly formatter: string;
  /** Names what an epoch has once: talker, formatter, and what tells parts apart. Undefined for what may repeat. */
  readonly key: string | undefined;
  readonly timeOfDayUs?: number;
  /** Midnight of the date, Unix µs. */
  readonly midnightUs?: number;
  readonly fix?: SentenceFix;
  readonly used?: readonly Omit<Satellite, 'used'>[];
  readonly inView?: SatellitesPart;
  /** The sentence is one of those that say where the receiver is, or that it does not know. */
  readonly isPosition: boolean;
}

/** The part of a sentence that goes into a fix as it is. Units as in `GnssFix`. */
export interface SentenceFix {
  readonly latitudeDeg?: number;
  readonly longitudeDeg?: number;
  readonly altitudeMslM?: number;
  readonly geoidSeparationM?: number;
  readonly speedMps?: number;
  readonly courseDeg?: number;
  readonly mode?: 1 | 2 | 3;
  readonly quality?: number;
  readonly modeIndicator?: string;
  readonly navigationStatus?: string;
  readonly pdop?: number;
  readonly hdop?: number;
  readonly vdop?: number;
  readonly satellitesUsed?: number;
  readonly horizontalAccuracyM?: number;
  readonly verticalAccuracyM?: number;
}

/** One of the GSV sentences that list the satellites of one talker and signal. */
export interface SatellitesPart {
  readonly total: number;
  readonly number: number;
  readonly satellites: readonly Omit<Satellite, 'used'>[];
}

type Body = Omit<Sentence, 'talker' | 'formatter' | 'key' | 'isPosition'> & { readonly part?: string };
type Reader = (fields: Fields, talker: string) => Body;

const READERS: Readonly<Record<string, { readonly read: Reader; readonly isPosition: boolean }>> = {
  GGA: { read: readGga, isPosition: true },
  GLL: { read: readGll, isPosition: true },
  GNS: { read: readGns, isPosition: true },
  RMC: { read: readRmc, isPosition: true },
  GSA: { read: readGsa, isPosition: false },
  GST: { read: readGst, isPosition: false },
  GSV: { read: readGsv, isPosition: false },
  VTG: { read: readVtg, isPosition: false },
  ZDA: { read: readZda, isPosition: false },
};

/**
 * Reads the text between `$` and `*`. Undefined where the sentence is none of ours: proprietary, of another instrument, or
 * of a kind that says nothing of the fix. Throws DecodeError `nmea/bad-field`.
 */
export function parseSentence(text: string): Sentence | undefined {
  const parts = text.split(',');
  const address = parts[0];
  if (address.length !== 5) return undefined;
  const talker = address.slice(0, 2);
  const formatter = address.slice(2);
  if (!isGnssTalker(talker) || !Object.hasOwn(READERS, formatter)) return undefined;
  const { read, isPosition } = READERS[formatter];
  try {
    const { part = '', ...body } = read(new Fields(parts), talker);
    const key = part === 'any' ? undefined : `${address}${part}`;
    return { talker, formatter, key, isPosition, ...body };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new DecodeError(error.code, `$${text}: ${error.message}`);
  }
}

function readPosition(fields: Fields, first: number): Pick<SentenceFix, 'latitudeDeg' | 'longitudeDeg'> {
  const latitudeDeg = fields.coordinate(first, 'N', 'S');
  const longitudeDeg = fields.coordinate(first + 2, 'E', 'W');
  // Half a position is none.
  return latitudeDeg === undefined || longitudeDeg === undefined ? {} : { latitudeDeg, longitudeDeg };
}

/** $--GGA,1 time,2-3 lat,4-5 lon,6 quality,7 satellites used,8 HDOP,9-10 altitude MSL M,11-12 geoid M,13 age,14 station */
function readGga(fields: Fields): Body {
  const timeOfDayUs = fields.timeOfDayUs(1);
  const quality = fields.whole(6);
  const position = readPosition(fields, 2);
  const common = { quality, satellitesUsed: fields.whole(7), hdop: fields.number(8) };
  const height = { altitudeMslM: fields.number(9), geoidSeparationM: fields.number(11) };
  return { timeOfDayUs, fix: quality ? { ...common, ...position, ...height } : common };
}

/** $--GLL,1-2 lat,3-4 lon,5 time,6 status A/V,7 mode */
function readGll(fields: Fields): Body {
  const position = readPosition(fields, 1);
  const modeIndicator = fields.text(7);
  const isValid = fields.text(6) === 'A' && modeIndicator !== 'N';
  return { timeOfDayUs: fields.timeOfDayUs(5), fix: isValid ? { ...position, modeIndicator } : { modeIndicator } };
}

/** $--GNS,1 time,2-3 lat,4-5 lon,6 mode per system,7 satellites used,8 HDOP,9 altitude MSL,10 geoid,11 age,12 station,13 nav status */
function readGns(fields: Fields): Body {
  const isValid = /[^N]/.test(fields.text(6) ?? '');
  const position = readPosition(fields, 2);
  const height = { altitudeMslM: fields.number(9), geoidSeparationM: fields.number(10) };
  const common = { satellitesUsed: fields.whole(7), hdop: fields.number(8), navigationStatus: fields.text(13) };
  return { timeOfDayUs: fields.timeOfDayUs(1), fix: isValid ? { ...common, ...position, ...height } : common };
}

/** $--RMC,1 time,2 status A/V,3-4 lat,5-6 lon,7 knots,8 course,9 ddmmyy,10-11 variation,12 mode (2.3),13 nav status (4.1) */
function readRmc(fields: Fields): Body {
  const date = fields.text(9);
  const position = readPosition(fields, 3);
  const knots = fields.number(7);
  const motion = { speedMps: knots === undefined ? undefined : knots * KNOT_MPS, courseDeg: fields.number(8) };
  const modes = { modeIndicator: fields.text(12), navigationStatus: fields.text(13) };
  const isValid = fields.text(2) === 'A' && modes.modeIndicator !== 'N';
  return {
    timeOfDayUs: fields.timeOfDayUs(1),
    midnightUs: date === undefined ? undefined : parseShortDate(date),
    fix: isValid ? { ...position, ...motion, ...modes } : modes,
  };
}

/** $--GSA,1 M/A,2 fix mode 1/2/3,3-14 satellites used,15 PDOP,16 HDOP,17 VDOP,18 system id (4.1) */
function readGsa(fields: Fields, talker: string): Body {
  const mode = fields.whole(2);
  if (mode !== undefined && mode !== 1 && mode !== 2 && mode !== 3) {
    throw new DecodeError('nmea/bad-field', `field 2: a fix mode of 1, 2 or 3 expected, "${mode}" found`);
  }
  const systemId = fields.hexDigit(18);
  const used: Omit<Satellite, 'used'>[] = [];
  for (let n = 3; n <= 14; n++) {
    const id = fields.whole(n);
    if (id) used.push({ system: systemOf(talker, systemId, id), id });
  }
  const dops = { pdop: fields.number(15), hdop: fields.number(16), vdop: fields.number(17) };
  // Before 4.1 one epoch has several GSA of talker GN that nothing but their satellites tells apart.
  return { fix: { mode, ...dops }, used, part: systemId === undefined ? 'any' : ` system ${systemId}` };
}

/** $--GST,1 time,2 RMS,3-5 error ellipse,6 σ latitude m,7 σ longitude m,8 σ altitude m */
function readGst(fields: Fields): Body {
  const north = fields.number(6);
  const east = fields.number(7);
  const horizontalAccuracyM = north === undefined || east === undefined ? undefined : Math.hypot(north, east);
  return { timeOfDayUs: fields.timeOfDayUs(1), fix: { horizontalAccuracyM, verticalAccuracyM: fields.number(8) } };
}

/** $--GSV,1 sentences,2 this one's number,3 satellites in view,4 × (id,elevation,azimuth,C/N0), signal id (4.1), system id (Quectel) */
function readGsv(fields: Fields, talker: string): Body {
  const total = fields.whole(1);
  const number = fields.whole(2);
  if (!total || !number || number > total) throw new DecodeError('nmea/bad-field', 'fields 1 and 2: no part of a list');
  const extra = Math.max(0, fields.count - 3) % GSV_SATELLITE_FIELDS;
  const signal = extra > 0 ? fields.hexDigit(fields.count - extra + 1) : undefined;
  const systemId = extra === 2 ? fields.hexDigit(fields.count) : undefined;
  const satellites: Omit<Satellite, 'used'>[] = [];
  for (let n = 4; n + GSV_SATELLITE_FIELDS - 1 <= fields.count - extra; n += GSV_SATELLITE_FIELDS) {
    const id = fields.whole(n);
    if (!id) continue;
    satellites.push({
      system: systemOf(talker, systemId, id),
      id,
      elevationDeg: fields.number(n + 1),
      azimuthDeg: fields.number(n + 2),
      snrDbHz: fields.number(n + 3),
    });
  }
  return { inView: { total, number, satellites }, part: ` signal ${signal ?? ''} part ${number}` };
}

/** $--VTG,1 course true,2 T,3 course magnetic,4 M,5 knots,6 N,7 km/h,8 K,9 mode (2.3) */
function readVtg(fields: Fields): Body {
  const knots = fields.number(5);
  const kmh = fields.number(7);
  if (fields.text(9) === 'N') return {};
  const speedMps =
    knots !== undefined ? knots * KNOT_MPS : kmh !== undefined ? kmh * KILOMETRE_PER_HOUR_MPS : undefined;
  return { fix: { speedMps, courseDeg: fields.number(1) } };
}

/** $--ZDA,1 time,2 day,3 month,4 year,5-6 local zone */
function readZda(fields: Fields): Body {
  const [day, month, year] = [fields.whole(2), fields.whole(3), fields.whole(4)];
  const hasDate = day !== undefined && month !== undefined && year !== undefined;
  return { timeOfDayUs: fields.timeOfDayUs(1), midnightUs: hasDate ? midnightUs(year, month, day) : undefined };
}
