import { QUALITY_ABSENT, QUALITY_ERROR, type Rows, type SignalDef, type TableDef } from '@iot/wire';
import type { GnssFix } from './fix.ts';

const INT32_MAX = 0x7fff_ffff;

interface GnssSignal extends SignalDef {
  /** Physical value, or text; undefined where the fix has none. */
  readonly read: (fix: GnssFix) => number | string | undefined;
}

/**
 * Names are COVESA VSS 4 paths where VSS has one. `Vehicle.Speed` is the vehicle's own, and VSS has no place for the
 * receiver's: it is `Gnss.Speed`, like everything else that only a receiver knows.
 */
const SIGNALS: readonly GnssSignal[] = [
  scaled('Vehicle.CurrentLocation.Latitude', 'degrees', 1e-7, (fix) => fix.latitudeDeg),
  scaled('Vehicle.CurrentLocation.Longitude', 'degrees', 1e-7, (fix) => fix.longitudeDeg),
  scaled('Vehicle.CurrentLocation.Altitude', 'm', 0.01, (fix) => fix.altitudeMslM),
  scaled('Vehicle.CurrentLocation.Heading', 'degrees', 0.01, (fix) => fix.courseDeg),
  scaled('Vehicle.CurrentLocation.HorizontalAccuracy', 'm', 0.01, (fix) => fix.horizontalAccuracyM),
  scaled('Vehicle.CurrentLocation.VerticalAccuracy', 'm', 0.01, (fix) => fix.verticalAccuracyM),
  {
    name: 'Vehicle.CurrentLocation.GNSSReceiver.FixType',
    unit: '',
    type: 'text',
    scale: 1,
    offset: 0,
    read: (fix) => (fix.mode === undefined ? undefined : (['NONE', 'TWO_D', 'THREE_D'] as const)[fix.mode - 1]),
  },
  scaled('Gnss.Speed', 'm/s', 0.001, (fix) => fix.speedMps),
  scaled('Gnss.Quality', '', 1, (fix) => fix.quality),
  scaled('Gnss.Hdop', '', 0.01, (fix) => fix.hdop),
  scaled('Gnss.SatellitesUsed', '', 1, (fix) => fix.satellitesUsed),
  scaled('Gnss.SatellitesInView', '', 1, (fix) => fix.satellites?.length),
];

function scaled(name: string, unit: string, scale: number, read: (fix: GnssFix) => number | undefined): GnssSignal {
  return { name, unit, type: 'int32', scale, offset: 0, read };
}

/** The table of a receiver's fixes; `receiver` is its name, in the place of a bus. */
export function gnssTable(receiver: string): TableDef {
  const signals = SIGNALS.map(({ name, unit, type, scale, offset }) => ({ name, unit, type, scale, offset }));
  return { name: 'Gnss', bus: receiver, signals };
}

/**
 * Adds a fix as a row at its capture time. `rows` are of `gnssTable`. A signal that the fix does not have is "absent"; one
 * that is beyond what its column holds (no receiver in order sends it) is "error".
 */
export function appendFix(rows: Rows, fix: GnssFix): void {
  rows.reserve();
  const row = rows.count;
  rows.times[row] = fix.timeUs;
  SIGNALS.forEach(({ read, type, scale }, at) => {
    const column = rows.columns[at];
    const value = read(fix);
    const raw = typeof value === 'number' ? Math.round(value / scale) : (value ?? '');
    const isHeld = typeof raw === 'string' || Math.abs(raw) <= INT32_MAX;
    if (value === undefined || !isHeld) {
      column.qualityRows.push(row);
      column.qualityCodes.push(value === undefined ? QUALITY_ABSENT : QUALITY_ERROR);
    }
    if (type === 'text') (column.values as string[])[row] = String(raw);
    else (column.values as Int32Array)[row] = value === undefined || !isHeld ? 0 : Number(raw);
  });
  rows.count = row + 1;
}
