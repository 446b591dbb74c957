export type GnssSystem = 'GPS' | 'SBAS' | 'GLONASS' | 'Galileo' | 'BeiDou' | 'QZSS' | 'NavIC';

/** NMEA 0183 4.11, GNSS system ids of GSA and GSV. */
const SYSTEM_BY_ID: readonly (GnssSystem | undefined)[] = [
  undefined,
  'GPS',
  'GLONASS',
  'Galileo',
  'BeiDou',
  'QZSS',
  'NavIC',
];

/** Talkers of receivers. `PQ` is Quectel's, which sends BeiDou as $PQGSV. */
const SYSTEM_BY_TALKER: Readonly<Record<string, GnssSystem | 'any'>> = {
  GP: 'GPS',
  GL: 'GLONASS',
  GA: 'Galileo',
  GB: 'BeiDou',
  BD: 'BeiDou',
  PQ: 'BeiDou',
  GQ: 'QZSS',
  QZ: 'QZSS',
  GI: 'NavIC',
  GN: 'any',
};

export function isGnssTalker(talker: string): boolean {
  return Object.hasOwn(SYSTEM_BY_TALKER, talker);
}

/**
 * Which system a satellite number is of. GPS's own numbering holds SBAS at 33 to 64 and QZSS at 193 and up; a sentence for
 * all systems (GN) without system id numbers GLONASS from 65 (NMEA 0183 4.11, satellite ids of GSA).
 */
export function systemOf(talker: string, systemId: number | undefined, satellite: number): GnssSystem {
  const stated = (systemId === undefined ? undefined : SYSTEM_BY_ID[systemId]) ?? SYSTEM_BY_TALKER[talker];
  if (stated !== 'any' && stated !== 'GPS') return stated;
  if (satellite >= 33 && satellite <= 64) return 'SBAS';
  if (satellite >= 193) return 'QZSS';
  if (stated === 'any' && satellite >= 65 && satellite <= 96) return 'GLONASS';
  return 'GPS';
}

/** A satellite in view. */
export interface Satellite {
  readonly system: GnssSystem;
  /** As NMEA numbers it within its system. */
  readonly id: number;
  readonly elevationDeg?: number;
  /** From true north. */
  readonly azimuthDeg?: number;
  /** Carrier to noise density, dB-Hz; of several signals, the strongest. Absent: not tracked. */
  readonly snrDbHz?: number;
  /** Whether it is part of the fix; absent where no GSA says which are. */
  readonly used?: boolean;
}

export function satelliteKey(system: GnssSystem, id: number): string {
  return `${system} ${id}`;
}
