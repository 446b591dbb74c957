import { ID_EXTENDED } from '@iot/wire';
import type { Motion } from './driver.ts';
import type { PowertrainState } from './powertrain.ts';
import type { Periodic } from './schedule.ts';

/** A truck at one moment: what its control units broadcast. */
export interface TruckState {
  readonly motion: Motion;
  readonly powertrain: PowertrainState;
  readonly ambientC: number;
  readonly barometricKpa: number;
  /** What it had driven, burnt and worked before. */
  readonly before: { readonly odometerM: number; readonly fuelLitres: number; readonly engineHours: number };
  /** An active fault, as SPN and FMI (SAE J1939-73 §5.7.1), or none. */
  readonly fault: { readonly spn: number; readonly fmi: number; readonly occurrences: number } | undefined;
}

/** A field of a parameter group: byte from 1 as SAE J1939-71 counts, its value and resolution; undefined is "not available". */
interface Field {
  readonly byte: number;
  readonly bytes: 1 | 2 | 4;
  readonly value: number | undefined;
  readonly scale: number;
  readonly offset?: number;
}

export interface ParameterGroup {
  readonly pgn: number;
  readonly priority: number;
  readonly source: number;
  readonly encode: (truck: TruckState) => Uint8Array;
}

const ENGINE = 0x00;
const TRANSMISSION = 0x03;
const BRAKES = 0x0b;
const BODY = 0x21;

/** 29-bit id of a parameter group (SAE J1939-21 §5.2). */
export function idOf({ priority, pgn, source }: ParameterGroup): number {
  return ((priority << 26) | (pgn << 8) | source | ID_EXTENDED) >>> 0;
}

/**
 * Eight bytes, little endian. What no field covers is 0xFF, "not available". The top of a field's range is kept for
 * indicators: 0xFB, 0xFBFF and 0xFBFFFFFF are not data any more (SAE J1939-71 table 1).
 */
function group(fields: readonly Field[], bits?: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(8).fill(0xff);
  for (const { byte, bytes: size, value, scale, offset = 0 } of fields) {
    if (value === undefined) continue;
    const max = 0xfa * 2 ** (8 * (size - 1)) + (2 ** (8 * (size - 1)) - 1);
    let raw = Math.max(0, Math.min(max, Math.round((value - offset) / scale)));
    for (let i = 0; i < size; i++) {
      bytes[byte - 1 + i] = raw % 256;
      raw = Math.floor(raw / 256);
    }
  }
  bits?.(bytes);
  return bytes;
}

const percent = (byte: number, share: number | undefined): Field => ({
  byte,
  bytes: 1,
  value: share === undefined ? undefined : share * 100,
  scale: 0.4,
});
const temperature8 = (byte: number, value: number): Field => ({ byte, bytes: 1, value, scale: 1, offset: -40 });
const temperature16 = (byte: number, value: number | undefined): Field => ({
  byte,
  bytes: 2,
  value,
  scale: 0.03125,
  offset: -273,
});
const gear = (byte: number, value: number): Field => ({ byte, bytes: 1, value, scale: 1, offset: -125 });
/** The torque that an engine gives at a load, in percent of its reference (SPN 513). */
const torque = ({ powertrain }: TruckState): number => (powertrain.braking ? 0 : powertrain.load * 100);
const kmPerLitre = ({ motion, powertrain }: TruckState): number =>
  powertrain.fuelLph < 0.05 ? 125.5 : Math.min(125.5, (motion.speedMps * 3.6) / powertrain.fuelLph);

/** EEC1 (PGN 61444): SPN 899, 512, 513, 190, 1483, 1675. */
const eec1: ParameterGroup = {
  pgn: 61_444,
  priority: 3,
  source: ENGINE,
  encode: (truck) =>
    group(
      [
        { byte: 2, bytes: 1, value: truck.powertrain.pedal * 100, scale: 1, offset: -125 },
        { byte: 3, bytes: 1, value: torque(truck), scale: 1, offset: -125 },
        { byte: 4, bytes: 2, value: truck.powertrain.rpm, scale: 0.125 },
        { byte: 6, bytes: 1, value: ENGINE, scale: 1 },
      ],
      (bytes) => {
        bytes[0] = 0xf0 | (truck.powertrain.pedal > 0 ? 1 : 0);
        bytes[6] = 0xf3;
      },
    ),
};

/** CCVS1 (PGN 65265): SPN 70, 84, 595, 597. */
const ccvs1: ParameterGroup = {
  pgn: 65_265,
  priority: 6,
  source: ENGINE,
  encode: ({ motion, powertrain }) =>
    group([{ byte: 2, bytes: 2, value: motion.speedMps * 3.6, scale: 1 / 256 }], (bytes) => {
      bytes[0] = 0xf3;
      bytes[3] = 0xcc | (powertrain.braking ? 0x10 : 0);
    }),
};

/** What is broadcast, and how often; periods as in SAE J1939-71, that of EEC1 for a slow engine. */
export const BROADCAST: readonly Periodic<ParameterGroup>[] = [
  { periodMs: 20, what: eec1 },
  { periodMs: 100, what: ccvs1 },
  {
    // EEC2 (PGN 61443): SPN 91, 92.
    periodMs: 50,
    what: {
      pgn: 61_443,
      priority: 3,
      source: ENGINE,
      encode: ({ powertrain }) =>
        group([percent(2, powertrain.pedal), { byte: 3, bytes: 1, value: powertrain.load * 100, scale: 1 }]),
    },
  },
  {
    // ETC2 (PGN 61445): SPN 524, 523.
    periodMs: 100,
    what: {
      pgn: 61_445,
      priority: 6,
      source: TRANSMISSION,
      encode: ({ powertrain }) => group([gear(1, powertrain.gear), gear(4, powertrain.gear)]),
    },
  },
  {
    // LFE1 (PGN 65266): SPN 183, 184; the average and the throttle valve of a diesel are not available.
    periodMs: 100,
    what: {
      pgn: 65_266,
      priority: 6,
      source: ENGINE,
      encode: (truck) =>
        group([
          { byte: 1, bytes: 2, value: truck.powertrain.fuelLph, scale: 0.05 },
          { byte: 3, bytes: 2, value: kmPerLitre(truck), scale: 1 / 512 },
        ]),
    },
  },
  {
    // EFL/P1 (PGN 65263): SPN 94, 98, 100, 111.
    periodMs: 500,
    what: {
      pgn: 65_263,
      priority: 6,
      source: ENGINE,
      encode: ({ powertrain }) =>
        group([
          { byte: 1, bytes: 1, value: 420 + 0.05 * powertrain.rpm, scale: 4 },
          percent(3, 0.84),
          { byte: 4, bytes: 1, value: 130 + 0.2 * powertrain.rpm - 0.6 * powertrain.oilC, scale: 4 },
          percent(8, 0.96),
        ]),
    },
  },
  {
    // ET1 (PGN 65262): SPN 110, 174, 175.
    periodMs: 1000,
    what: {
      pgn: 65_262,
      priority: 6,
      source: ENGINE,
      encode: ({ powertrain, ambientC }) =>
        group([
          temperature8(1, powertrain.coolantC),
          temperature8(2, ambientC + 11),
          temperature16(3, powertrain.oilC),
        ]),
    },
  },
  {
    // AMB (PGN 65269): SPN 108, 171, 172; this truck has no thermometer in the cab nor for the road.
    periodMs: 1000,
    what: {
      pgn: 65_269,
      priority: 6,
      source: ENGINE,
      encode: ({ ambientC, barometricKpa, powertrain }) =>
        group([
          { byte: 1, bytes: 1, value: barometricKpa, scale: 0.5 },
          temperature16(4, ambientC),
          temperature8(6, ambientC + 6 + 20 * powertrain.load),
        ]),
    },
  },
  {
    // DD1 (PGN 65276): SPN 96.
    periodMs: 1000,
    what: {
      pgn: 65_276,
      priority: 6,
      source: BODY,
      encode: ({ powertrain }) => group([percent(2, powertrain.fuelLevel)]),
    },
  },
  {
    // VDHR (PGN 65217): SPN 917, 918.
    periodMs: 1000,
    what: {
      pgn: 65_217,
      priority: 6,
      source: BRAKES,
      encode: ({ motion, before }) =>
        group([
          { byte: 1, bytes: 4, value: before.odometerM + motion.odometerM, scale: 5 },
          { byte: 5, bytes: 4, value: motion.odometerM, scale: 5 },
        ]),
    },
  },
  {
    // HRLFC (PGN 64777): SPN 5053, 5054.
    periodMs: 1000,
    what: {
      pgn: 64_777,
      priority: 6,
      source: ENGINE,
      encode: ({ powertrain, before }) =>
        group([
          { byte: 1, bytes: 4, value: powertrain.fuelUsedLitres, scale: 0.001 },
          { byte: 5, bytes: 4, value: before.fuelLitres + powertrain.fuelUsedLitres, scale: 0.001 },
        ]),
    },
  },
  {
    // HOURS (PGN 65253): SPN 247.
    periodMs: 5000,
    what: {
      pgn: 65_253,
      priority: 6,
      source: ENGINE,
      encode: ({ powertrain, before }) =>
        group([{ byte: 1, bytes: 4, value: before.engineHours + powertrain.runningS / 3600, scale: 0.05 }]),
    },
  },
  {
    // DM1 (PGN 65226) of at most one fault, so in one frame: SPN 1213, 623, 624, 987, then SPN, FMI, CM and OC of the fault.
    periodMs: 1000,
    what: { pgn: 65_226, priority: 6, source: ENGINE, encode: ({ fault }) => encodeDm1(fault) },
  },
];

/** SAE J1939-73 §5.7.1: lamps, flash, then the fault with SPN conversion method 0; without one, zeros for SPN, FMI and count. */
function encodeDm1(fault: TruckState['fault']): Uint8Array {
  const { spn, fmi, occurrences } = fault ?? { spn: 0, fmi: 0, occurrences: 0 };
  const lamps = fault ? 0x04 : 0x00;
  return Uint8Array.of(
    lamps,
    0xff,
    spn & 0xff,
    (spn >> 8) & 0xff,
    (((spn >> 16) & 0x07) << 5) | (fmi & 0x1f),
    occurrences & 0x7f,
    0xff,
    0xff,
  );
}
