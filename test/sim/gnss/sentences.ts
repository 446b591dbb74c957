/** What a receiver knows at a second. Degrees north and east are positive. */
export interface Fix {
  readonly unixMs: number;
  /** Undefined while it has no fix. */
  readonly place:
    | { readonly latitudeDeg: number; readonly longitudeDeg: number; readonly altitudeM: number }
    | undefined;
  readonly speedMps: number;
  readonly courseDeg: number | undefined;
  readonly hdop: number;
  readonly vdop: number;
  readonly satellites: readonly SatelliteInView[];
}

export interface SatelliteInView {
  readonly system: 'GP' | 'GL';
  /** 1 to 32 GPS, 65 to 96 GLONASS (NMEA 0183 4.10, table of satellite ids). */
  readonly id: number;
  readonly elevationDeg: number;
  readonly azimuthDeg: number;
  readonly snrDb: number;
  readonly used: boolean;
}

/** Height of the geoid over WGS 84 around Hamburg. */
const GEOID_M = 44.6;
const KNOTS_PER_MPS = 3600 / 1852;

/** A sentence with its frame and checksum: exclusive or of what stands between `$` and `*` (NMEA 0183 §5.3). */
export function sentence(body: string): string {
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum ^= body.charCodeAt(i);
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`;
}

/** The sentences of one second in the order of common receivers: RMC, VTG, GGA, GSA and GSV for each system. */
export function sentencesOf(fix: Fix): string {
  const systems = ['GP', 'GL'] as const;
  return [
    rmc(fix),
    vtg(fix),
    gga(fix),
    ...systems.map((system) => gsa(fix, system)),
    ...systems.flatMap((system) => gsv(fix, system)),
  ]
    .map(sentence)
    .join('');
}

function timeOf(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(11, 22).replaceAll(':', '');
}

/** `ddmmyy`. */
function dateOf(unixMs: number): string {
  const [year, month, day] = new Date(unixMs).toISOString().slice(2, 10).split('-');
  return `${day}${month}${year}`;
}

/** `ddmm.mmmmm,N`; two empty fields without a place. */
function angle(degrees: number | undefined, digits: number, positive: string, negative: string): string {
  if (degrees === undefined) return ',';
  // Rounded before it is split, so that 59.999999 minutes do not become 60.
  const units = Math.round(Math.abs(degrees) * 60 * 1e5);
  const whole = Math.floor(units / (60 * 1e5));
  const minutes = ((units - whole * 60 * 1e5) / 1e5).toFixed(5).padStart(8, '0');
  return `${String(whole).padStart(digits, '0')}${minutes},${degrees < 0 ? negative : positive}`;
}

const latitude = ({ place }: Fix): string => angle(place?.latitudeDeg, 2, 'N', 'S');
const longitude = ({ place }: Fix): string => angle(place?.longitudeDeg, 3, 'E', 'W');
const course = ({ place, courseDeg }: Fix): string => (place ? (courseDeg?.toFixed(2) ?? '') : '');

function rmc(fix: Fix): string {
  const status = fix.place ? 'A' : 'V';
  const speed = fix.place ? (fix.speedMps * KNOTS_PER_MPS).toFixed(3) : '';
  const mode = fix.place ? 'A' : 'N';
  return `GNRMC,${timeOf(fix.unixMs)},${status},${latitude(fix)},${longitude(fix)},${speed},${course(fix)},${dateOf(fix.unixMs)},,,${mode}`;
}

function vtg(fix: Fix): string {
  if (!fix.place) return 'GNVTG,,,,,,,,,N';
  const knots = (fix.speedMps * KNOTS_PER_MPS).toFixed(3);
  return `GNVTG,${course(fix)},T,,M,${knots},N,${(fix.speedMps * 3.6).toFixed(3)},K,A`;
}

function gga(fix: Fix): string {
  const used = String(fix.satellites.filter((satellite) => satellite.used).length).padStart(2, '0');
  const height = fix.place ? `${fix.place.altitudeM.toFixed(1)},M,${GEOID_M.toFixed(1)},M` : ',M,,M';
  const quality = fix.place ? 1 : 0;
  return `GNGGA,${timeOf(fix.unixMs)},${latitude(fix)},${longitude(fix)},${quality},${used},${fix.hdop.toFixed(2)},${height},,`;
}

function gsa(fix: Fix, system: 'GP' | 'GL'): string {
  const ids = fix.satellites.filter((satellite) => satellite.used && satellite.system === system).slice(0, 12);
  const fields = Array.from({ length: 12 }, (_, i) => ids[i]?.id.toString().padStart(2, '0') ?? '');
  const pdop = Math.hypot(fix.hdop, fix.vdop);
  return `GNGSA,A,${fix.place ? 3 : 1},${fields.join(',')},${pdop.toFixed(2)},${fix.hdop.toFixed(2)},${fix.vdop.toFixed(2)}`;
}

function gsv(fix: Fix, system: 'GP' | 'GL'): string[] {
  const inView = fix.satellites.filter((satellite) => satellite.system === system);
  const total = Math.max(1, Math.ceil(inView.length / 4));
  return Array.from({ length: total }, (_, i) => {
    const part = inView.slice(i * 4, i * 4 + 4).map(({ id, elevationDeg, azimuthDeg, snrDb }) => {
      const snr = snrDb > 0 ? String(Math.round(snrDb)).padStart(2, '0') : '';
      const azimuth = String(Math.round(azimuthDeg) % 360).padStart(3, '0');
      return `,${String(id).padStart(2, '0')},${String(Math.round(elevationDeg)).padStart(2, '0')},${azimuth},${snr}`;
    });
    return `${system}GSV,${total},${i + 1},${String(inView.length).padStart(2, '0')}${part.join('')}`;
  });
}
