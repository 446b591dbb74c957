import { cityMotion, cityRoute, type Motion, type Place, seededRandom } from './route.ts';

export interface SimulatedSignal {
  readonly name: string;
  readonly unit: string;
  readonly at: (seconds: number) => number | string;
}

export interface SimulatedDrive {
  readonly place: (seconds: number) => Place;
  readonly signals: readonly SimulatedSignal[];
}

const AACHEN = { latitude: 50.7753, longitude: 6.0839 };

/** What a vehicle does and measures, as functions of the seconds since its drive began. */
export function simulatedDrive(kind: 'car' | 'truck', seed: number): SimulatedDrive {
  const random = seededRandom(seed);
  const route = cityRoute(random, {
    latitude: AACHEN.latitude + (random() - 0.5) * 0.012,
    longitude: AACHEN.longitude + (random() - 0.5) * 0.02,
  });
  const motion = cityMotion(random, kind === 'car' ? 11 : 8);
  const place = (seconds: number): Place => route(motion.metres(seconds));
  const own = kind === 'car' ? carSignals(motion) : truckSignals(motion);
  const located: SimulatedSignal[] = [
    { name: 'Vehicle.CurrentLocation.Latitude', unit: 'degrees', at: (s) => place(s).latitude },
    { name: 'Vehicle.CurrentLocation.Longitude', unit: 'degrees', at: (s) => place(s).longitude },
    { name: 'Vehicle.CurrentLocation.Heading', unit: 'degrees', at: (s) => place(s).heading },
  ];
  return { place, signals: [...own, ...located].sort((a, b) => a.name.localeCompare(b.name)) };
}

const ripple = (s: number, amount: number): number => amount * (Math.sin(s * 2.1) * 0.6 + Math.sin(s * 5.7) * 0.4);
const warmUp = (s: number, from: number, to: number, halfLife: number): number =>
  to - (to - from) * 0.5 ** (s / halfLife);

function carSignals(motion: Motion): SimulatedSignal[] {
  const kmh = (s: number): number => motion.speed(s) * 3.6;
  const gear = (s: number): number => Math.min(6, 1 + Math.floor(kmh(s) / 14));
  const rpm = (s: number): number => 820 + (kmh(s) / gear(s)) * 165 + ripple(s, 18);
  return [
    { name: 'Vehicle.Speed', unit: 'km/h', at: (s) => Math.round(kmh(s) * 100) / 100 },
    { name: 'Vehicle.Powertrain.CombustionEngine.Speed', unit: 'rpm', at: (s) => Math.round(rpm(s) * 4) / 4 },
    { name: 'Vehicle.Powertrain.CombustionEngine.ECT', unit: 'celsius', at: (s) => Math.round(warmUp(s, 21, 90, 300)) },
    {
      name: 'Vehicle.Powertrain.CombustionEngine.TPS',
      unit: 'percent',
      at: (s) => Math.round(14 + kmh(s) / 2 + ripple(s, 3)),
    },
    { name: 'Vehicle.Powertrain.Transmission.CurrentGear', unit: '', at: gear },
    {
      name: 'Vehicle.Powertrain.FuelSystem.RelativeLevel',
      unit: 'percent',
      at: (s) => Math.round((71 - s / 900) * 10) / 10,
    },
    {
      name: 'Vehicle.LowVoltageBattery.CurrentVoltage',
      unit: 'V',
      at: (s) => Math.round((14.1 + ripple(s, 0.08)) * 1000) / 1000,
    },
    {
      name: 'Vehicle.TraveledDistance',
      unit: 'km',
      at: (s) => Math.round((48_210 + motion.metres(s) / 1000) * 10) / 10,
    },
    { name: 'Vehicle.Exterior.AirTemperature', unit: 'celsius', at: (s) => Math.round(17 + Math.sin(s / 600) * 2) },
    { name: 'Vehicle.VehicleIdentification.VIN', unit: '', at: () => 'WDD2040081A123456' },
  ];
}

function truckSignals(motion: Motion): SimulatedSignal[] {
  const kmh = (s: number): number => motion.speed(s) * 3.6;
  return [
    { name: 'CCVS1.WheelBasedVehicleSpeed', unit: 'km/h', at: (s) => Math.round(kmh(s) * 256) / 256 },
    { name: 'EEC1.EngineSpeed', unit: 'rpm', at: (s) => Math.round((640 + kmh(s) * 17 + ripple(s, 12)) * 8) / 8 },
    { name: 'EEC1.ActualEngPercentTorque', unit: '%', at: (s) => Math.round(22 + kmh(s) * 0.8 + ripple(s, 6)) },
    { name: 'ET1.EngCoolantTemp', unit: 'degC', at: (s) => Math.round(warmUp(s, 18, 84, 500)) },
    { name: 'EFL_P1.EngOilPress', unit: 'kPa', at: (s) => Math.round((260 + kmh(s) * 2.4 + ripple(s, 5)) / 4) * 4 },
    { name: 'LFE1.EngFuelRate', unit: 'l/h', at: (s) => Math.round((3 + kmh(s) * 0.35) * 20) / 20 },
    { name: 'VDHR.HghRslutionTotalVehicleDistance', unit: 'm', at: (s) => Math.round(312_408_000 + motion.metres(s)) },
    { name: 'DD1.FuelLevel1', unit: '%', at: (s) => Math.round((64 - s / 1500) * 2.5) / 2.5 },
  ];
}
