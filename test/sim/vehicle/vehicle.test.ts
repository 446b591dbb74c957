import { readFileSync } from 'node:fs';
import { createNmeaParser, type GnssFix } from '@iot/nmea';
import { describe, expect, it } from 'vitest';
import { CAR, TRUCK } from '../../demo/vehicles/names.ts';
import { BusDecoder } from './decode.ts';
import type { VehicleKind } from './kinds.ts';
import { SimulatedVehicle } from './vehicle.ts';

const START_MS = Date.UTC(2026, 5, 1, 8, 30, 0);
const DRIVE_S = 600;
const STEP_MS = 50;
const ENGINE = 'Vehicle.Powertrain.CombustionEngine';

interface Drive {
  readonly bus: BusDecoder;
  readonly frames: number;
  readonly fixes: readonly GnssFix[];
  readonly rejected: number;
  readonly truths: readonly SimulatedVehicle['truth'][];
}

/** A drive of ten minutes: what its bus and its receiver said, and what was true after each step. */
function drive(kind: VehicleKind, seed: number): Drive {
  const vehicle = new SimulatedVehicle({ kind, seed, startMs: START_MS });
  const bus = new BusDecoder(kind === 'car' ? CAR : TRUCK);
  const fixes: GnssFix[] = [];
  const parser = createNmeaParser({ notBeforeUs: 0, onFix: (fix) => fixes.push(fix) });
  const truths: SimulatedVehicle['truth'][] = [];
  let frames = 0;
  for (let ms = STEP_MS; ms <= DRIVE_S * 1000; ms += STEP_MS) {
    const output = vehicle.step(STEP_MS);
    frames += output.frames.count;
    bus.receive(output.frames);
    if (output.sentences !== '') parser.receive(Buffer.from(output.sentences), (START_MS + ms) * 1000);
    truths.push(vehicle.truth);
  }
  const { counts } = parser;
  return { bus, frames, fixes, rejected: counts.damaged + counts.ignored, truths };
}

const drives = { car: drive('car', 7), truck: drive('truck', 8) };
const present = (values: readonly (number | undefined)[]): number[] =>
  values.filter((value): value is number => value !== undefined);
const truthAt = ({ truths }: Drive, timeUs: number): SimulatedVehicle['truth'] => {
  const at = Math.ceil((timeUs / 1000 - START_MS) / STEP_MS) - 1;
  return truths[Math.min(truths.length - 1, Math.max(0, at))];
};

describe.each(['car', 'truck'] as const)('a %s', (kind) => {
  const it10 = drives[kind];

  it('moves as its kind can: within limits of speed and acceleration, with stops', () => {
    const speeds = it10.truths.map(({ speedMps }) => speedMps * 3.6);
    expect(Math.max(...speeds)).toBeLessThan(55);
    expect(Math.max(...speeds)).toBeGreaterThan(35);
    expect(Math.min(...speeds)).toBe(0);
    const accelerations = it10.truths.map(({ accelerationMps2 }) => accelerationMps2);
    expect(Math.max(...accelerations)).toBeLessThanOrEqual(kind === 'car' ? 2.2 : 1);
    expect(Math.min(...accelerations)).toBeGreaterThan(kind === 'car' ? -3.5 : -2.2);
  });

  it('burns what its kind burns in a city', () => {
    const { odometerM, powertrain } = it10.truths.at(-1)!;
    const litresPer100Km = (powertrain.fuelUsedLitres / odometerM) * 100_000;
    expect(litresPer100Km).toBeGreaterThan(kind === 'car' ? 4 : 25);
    expect(litresPer100Km).toBeLessThan(kind === 'car' ? 14 : 95);
  });

  it('has every frame of its bus in its DBC, and every name of its mapping on its bus', () => {
    expect(it10.bus.unknown).toBe(0);
    const { names } = kind === 'car' ? CAR : TRUCK;
    expect(it10.bus.signals).toEqual(expect.arrayContaining(Object.values(names)));
  });

  it('tells the speed it has', () => {
    const speeds = it10.bus.values('Vehicle.Speed');
    const times = it10.bus.times('Vehicle.Speed');
    expect(speeds.length).toBeGreaterThan(DRIVE_S * 4);
    for (const [i, speed] of speeds.entries()) {
      // Within half a bit, and what a step of the comparison can change.
      expect(Math.abs(speed! - truthAt(it10, times[i]).speedMps * 3.6)).toBeLessThan(kind === 'car' ? 1.2 : 0.5);
    }
  });

  it('tells fixes whose every sentence is sound, on the second, within metres of where it is', () => {
    expect(it10.rejected).toBe(0);
    expect(it10.fixes.length).toBeGreaterThan(DRIVE_S - 5);
    const located = it10.fixes.filter(({ latitudeDeg }) => latitudeDeg !== undefined);
    expect(located.length).toBeGreaterThan(DRIVE_S - 10);
    for (const fix of located) {
      expect(fix.utcUs! % 1e6).toBe(0);
      const truth = truthAt(it10, fix.utcUs!);
      const north = (fix.latitudeDeg! - truth.latitudeDeg) * 111_320;
      const east = (fix.longitudeDeg! - truth.longitudeDeg) * 111_320 * Math.cos((truth.latitudeDeg * Math.PI) / 180);
      expect(Math.hypot(east, north)).toBeLessThan(8);
      expect(Math.abs(fix.speedMps! - truth.speedMps)).toBeLessThan(0.4);
      expect(fix.satellitesUsed).toBeGreaterThan(4);
    }
  });
});

describe('the car', () => {
  it('answers round robin: about 25 frames a second, the fast ones often', () => {
    expect(drives.car.frames / DRIVE_S).toBeGreaterThan(20);
    expect(drives.car.frames / DRIVE_S).toBeLessThan(35);
    expect(drives.car.bus.values(`${ENGINE}.Speed`).length / DRIVE_S).toBeCloseTo(5, 0);
    expect(drives.car.bus.values(`${ENGINE}.ECT`).length / DRIVE_S).toBeCloseTo(0.5, 1);
  });

  it('never answers two questions at once', () => {
    const times = ['Vehicle.Speed', `${ENGINE}.Speed`]
      .flatMap((name) => drives.car.bus.times(name))
      .sort((a, b) => a - b);
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThan(10_000);
  });

  it.each([
    [`${ENGINE}.Speed`, 740, 3500],
    [`${ENGINE}.MAF`, 1, 120],
    [`${ENGINE}.MAP`, 20, 105],
    [`${ENGINE}.TPS`, 5, 95],
    ['Vehicle.LowVoltageBattery.CurrentVoltage', 13.5, 14.5],
    ['Vehicle.Powertrain.FuelSystem.RelativeLevel', 8, 100],
    ['Vehicle.Exterior.AirTemperature', 5, 25],
  ])('%s stays between %d and %d', (name, low, high) => {
    for (const value of drives.car.bus.values(name)) {
      expect(value).toBeGreaterThanOrEqual(low);
      expect(value).toBeLessThanOrEqual(high);
    }
  });

  it('warms up', () => {
    const temperatures = present(drives.car.bus.values(`${ENGINE}.ECT`));
    expect(temperatures[0]).toBeLessThan(65);
    expect(temperatures.at(-1)).toBeGreaterThan(72);
  });
});

describe('the truck', () => {
  it('broadcasts in the periods of J1939-71', () => {
    const { bus } = drives.truck;
    expect(bus.values(`${ENGINE}.Speed`).length).toBeCloseTo(DRIVE_S * 50, -2);
    expect(bus.values('Vehicle.Speed').length).toBeCloseTo(DRIVE_S * 10, -1);
    expect(bus.values(`${ENGINE}.ECT`)).toHaveLength(DRIVE_S);
  });

  it('leaves out what it has no sensor for', () => {
    const { bus } = drives.truck;
    for (const name of ['AMB.CabTemperature', 'LFE1.AverageFuelEconomy', 'ETC2.GearRatio', 'DD1.WasherLevel']) {
      expect(new Set(bus.values(name))).toEqual(new Set([undefined]));
    }
  });

  it('counts its way and its fuel upwards, by what it drove and burnt', () => {
    const { bus, truths } = drives.truck;
    const distance = present(bus.values('Vehicle.TraveledDistance'));
    const fuel = present(bus.values('HRLFC.TotalFuel'));
    for (const series of [distance, fuel]) expect(series).toEqual([...series].sort((a, b) => a - b));
    const { odometerM, powertrain } = truths.at(-1)!;
    expect(distance.at(-1)! - distance[0]).toBeCloseTo(odometerM / 1000, 1);
    expect(fuel.at(-1)! - fuel[0]).toBeCloseTo(powertrain.fuelUsedLitres, 1);
  });

  it('raises a fault and clears it: SPN 100, FMI 18, with the amber lamp', () => {
    const { bus } = drives.truck;
    const spn = bus.values('DM1.FaultSpnLow');
    const lamp = bus.values('DM1.AmberWarningLamp');
    expect(new Set(spn)).toEqual(new Set([0, 100]));
    expect(spn.every((value, i) => (value === 100) === (lamp[i] === 1))).toBe(true);
    expect(new Set(bus.values('DM1.FaultFmi'))).toEqual(new Set([0, 18]));
    expect([spn[0], spn[180], spn[300]]).toEqual([0, 100, 0]);
  });
});

describe('determinism', () => {
  const bytesOf = (seed: number): string => {
    const vehicle = new SimulatedVehicle({ kind: 'truck', seed, startMs: START_MS });
    let text = '';
    for (let i = 0; i < 200; i++) {
      const { frames, sentences } = vehicle.step(20);
      for (let f = 0; f < frames.count; f++) {
        text += `${frames.timeUs[f]} ${frames.id[f]} ${Buffer.from(frames.data.subarray(f * 64, f * 64 + 8)).toString('hex')}\n`;
      }
      text += sentences;
    }
    return text;
  };

  it('the same seed gives the same bytes, another seed others', () => {
    expect(bytesOf(5)).toBe(bytesOf(5));
    expect(bytesOf(5)).not.toBe(bytesOf(6));
  });
});

describe('the DBC files', () => {
  it('are as they should be for their readers: 7-bit, Unix line ends', () => {
    for (const file of [...CAR.dbc, ...TRUCK.dbc]) expect(readFileSync(file, 'latin1')).toMatch(/^[\n\x20-\x7e]*$/);
  });
});
