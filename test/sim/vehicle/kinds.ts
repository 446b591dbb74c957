import type { Temper } from './driver.ts';
import type { PowertrainSpec } from './powertrain.ts';

export type VehicleKind = 'car' | 'truck';

/** A petrol car of 1.4 t with six gears, and a 40 t truck with twelve: round figures of their classes. */
export const KINDS: Readonly<Record<VehicleKind, { readonly temper: Temper; readonly powertrain: PowertrainSpec }>> = {
  car: {
    temper: { accelerationMps2: 2.1, brakingMps2: 2.2, briskness: 0.97, cornerMps: 5.5 },
    powertrain: {
      massKg: 1420,
      dragM2: 0.66,
      powerWMax: 96_000,
      idleRpm: 790,
      shiftUpRpm: 2350,
      shiftDownRpm: 1250,
      rpmMax: 6200,
      rpmPerMps: [420, 236, 158, 117, 93, 78],
      idleLph: 0.75,
      joulesPerLitre: 9.6e6,
      tankLitres: 50,
      coolantC: 90,
      warmUpS: 260,
    },
  },
  truck: {
    temper: { accelerationMps2: 0.95, brakingMps2: 1.4, briskness: 0.88, cornerMps: 3.6 },
    powertrain: {
      massKg: 31_000,
      dragM2: 5.6,
      powerWMax: 345_000,
      idleRpm: 600,
      shiftUpRpm: 1500,
      shiftDownRpm: 950,
      rpmMax: 2100,
      rpmPerMps: [520, 405, 316, 246, 192, 150, 117, 91, 72, 64, 58, 52],
      idleLph: 2.4,
      joulesPerLitre: 14.8e6,
      tankLitres: 780,
      coolantC: 86,
      warmUpS: 600,
    },
  },
};
