import type { Motion } from './driver.ts';

/** What distinguishes one drive train from another. */
export interface PowertrainSpec {
  readonly massKg: number;
  /** Drag area (cd × A), m². */
  readonly dragM2: number;
  readonly powerWMax: number;
  readonly idleRpm: number;
  /** Engine speed at which it shifts up, and down. */
  readonly shiftUpRpm: number;
  readonly shiftDownRpm: number;
  readonly rpmMax: number;
  /** Engine revolutions per minute at 1 m/s, by gear. */
  readonly rpmPerMps: readonly number[];
  /** Fuel while idling, litres per hour, and joules of work per litre. */
  readonly idleLph: number;
  readonly joulesPerLitre: number;
  readonly tankLitres: number;
  readonly coolantC: number;
  /** Seconds of normal driving in which the coolant covers two thirds of its way. */
  readonly warmUpS: number;
}

export interface PowertrainState {
  readonly rpm: number;
  /** From 1; 0 is neutral, at rest. */
  readonly gear: number;
  /** Share of the power there is at this speed, 0 to 1. */
  readonly load: number;
  readonly pedal: number;
  readonly powerW: number;
  readonly fuelLph: number;
  readonly fuelUsedLitres: number;
  readonly fuelLevel: number;
  readonly coolantC: number;
  readonly oilC: number;
  readonly runningS: number;
  readonly braking: boolean;
}

const AIR_KG_M3 = 1.22;
const ROLLING = 0.011;
const GRAVITY = 9.81;
const AUXILIARY_W = 900;
const SHIFT_S_MIN = 1.2;

/** Engine, gears, fuel and warmth, as they follow from the motion. */
export class Powertrain {
  readonly #spec: PowertrainSpec;
  readonly #random: () => number;
  readonly #ambientC: number;
  #gear = 0;
  #sinceShiftS = 0;
  #rpm: number;
  #load = 0;
  #pedal = 0;
  #powerW = 0;
  #fuelLph = 0;
  #fuelUsedLitres = 0;
  #fuelLitres: number;
  #coolantC: number;
  #oilC: number;
  #runningS = 0;
  #braking = false;

  constructor(spec: PowertrainSpec, ambientC: number, random: () => number) {
    this.#spec = spec;
    this.#random = random;
    this.#ambientC = ambientC;
    this.#rpm = spec.idleRpm;
    this.#fuelLitres = spec.tankLitres * (0.45 + 0.5 * random());
    this.#coolantC = ambientC + 18 + 20 * random();
    this.#oilC = this.#coolantC - 6;
  }

  get state(): PowertrainState {
    return {
      rpm: this.#rpm,
      gear: this.#gear,
      load: this.#load,
      pedal: this.#pedal,
      powerW: this.#powerW,
      fuelLph: this.#fuelLph,
      fuelUsedLitres: this.#fuelUsedLitres,
      fuelLevel: this.#fuelLitres / this.#spec.tankLitres,
      coolantC: this.#coolantC,
      oilC: this.#oilC,
      runningS: this.#runningS,
      braking: this.#braking,
    };
  }

  step(motion: Motion, seconds: number): void {
    this.#runningS += seconds;
    this.#shift(motion.speedMps, seconds);
    this.#turn(motion.speedMps, seconds);
    this.#work(motion, seconds);
    this.#burn(seconds);
    this.#warm(seconds);
  }

  #shift(speedMps: number, seconds: number): void {
    const { rpmPerMps, shiftUpRpm, shiftDownRpm } = this.#spec;
    this.#sinceShiftS += seconds;
    const before = this.#gear;
    if (speedMps < 0.3) this.#gear = 0;
    else if (this.#gear === 0) this.#gear = 1;
    else if (this.#sinceShiftS > SHIFT_S_MIN) {
      const rpm = rpmPerMps[this.#gear - 1] * speedMps;
      if (rpm > shiftUpRpm && this.#gear < rpmPerMps.length) this.#gear++;
      else if (rpm < shiftDownRpm && this.#gear > 1) this.#gear--;
    }
    if (this.#gear !== before) this.#sinceShiftS = 0;
  }

  /** The engine follows the wheels with the slip of a clutch, and never falls below idle. */
  #turn(speedMps: number, seconds: number): void {
    const { idleRpm, rpmMax, rpmPerMps } = this.#spec;
    const wheels = this.#gear === 0 ? 0 : rpmPerMps[this.#gear - 1] * speedMps;
    const wanted = Math.min(rpmMax, Math.max(idleRpm, wheels));
    const flutter = (this.#random() - 0.5) * 0.012 * idleRpm;
    this.#rpm += (wanted - this.#rpm) * Math.min(1, seconds * 6) + flutter;
  }

  #work({ speedMps, accelerationMps2 }: Motion, seconds: number): void {
    const { massKg, dragM2, powerWMax, shiftUpRpm, idleRpm } = this.#spec;
    const drag = 0.5 * AIR_KG_M3 * dragM2 * speedMps * speedMps;
    const rolling = speedMps > 0 ? massKg * GRAVITY * ROLLING : 0;
    const atWheels = (massKg * accelerationMps2 + drag + rolling) * speedMps;
    this.#braking = accelerationMps2 < -0.6;
    this.#powerW = Math.max(0, Math.min(powerWMax, atWheels / 0.9)) + AUXILIARY_W;
    const available = powerWMax * Math.min(1, Math.max(0.2, this.#rpm / (shiftUpRpm * 1.5)));
    const load = Math.min(1, this.#powerW / available + 0.12 * (idleRpm / this.#rpm));
    const settle = Math.min(1, seconds * 5);
    this.#load += (load - this.#load) * settle;
    const pedal = atWheels > 0 && !this.#braking ? Math.min(1, 0.08 + atWheels / available) : 0;
    this.#pedal += (pedal - this.#pedal) * settle;
  }

  #burn(seconds: number): void {
    const { idleLph, joulesPerLitre, tankLitres } = this.#spec;
    const isCut = this.#gear > 0 && this.#braking;
    this.#fuelLph = isCut ? 0 : idleLph + ((this.#powerW - AUXILIARY_W) / joulesPerLitre) * 3600;
    const litres = (this.#fuelLph * seconds) / 3600;
    this.#fuelUsedLitres += litres;
    this.#fuelLitres -= litres;
    // Filled up in passing, when nobody looks: the drive has no end.
    if (this.#fuelLitres < tankLitres * 0.08) this.#fuelLitres = tankLitres * 0.97;
  }

  #warm(seconds: number): void {
    const { coolantC, warmUpS } = this.#spec;
    const thermostat = coolantC + 1.5 * Math.sin(this.#runningS / 23) - (this.#load < 0.15 ? 0.8 : 0);
    const heat = 0.6 + this.#load;
    this.#coolantC += (thermostat - this.#coolantC) * Math.min(1, (seconds * heat) / warmUpS);
    this.#oilC += (this.#coolantC + 6 + 8 * this.#load - this.#oilC) * Math.min(1, seconds / (warmUpS * 1.6));
    this.#coolantC = Math.max(this.#ambientC, this.#coolantC);
  }
}
