import { FrameBlock } from '@iot/wire';
import { GnssReceiver } from '../gnss/receiver.ts';
import { seededRandom } from '../route.ts';
import { buildCity, toWgs84 } from './city.ts';
import { Driver } from './driver.ts';
import { BROADCAST, idOf, type ParameterGroup, type TruckState } from './j1939-messages.ts';
import { KINDS, type VehicleKind } from './kinds.ts';
import { ANSWER_ID, type CarState, encodeAnswer, type Parameter, QUESTIONS } from './obd-answers.ts';
import { Powertrain } from './powertrain.ts';
import { RoundRobin, Timetable } from './schedule.ts';

export interface SimulatedVehicleOptions {
  readonly kind: VehicleKind;
  readonly seed: number;
  /** Unix ms at which the drive begins: the time that its receiver tells, and that of the city's lights. */
  readonly startMs: number;
}

/** All vehicles drive in the same city. */
const CITY = buildCity(20_260_101);
/** Motion is computed in steps of this length, whatever the caller's. */
const TICK_MS = 10;
const BLOCK_FRAMES = 256;
/** Faults come and go: one is active for a minute in every seven. SPN 100 (oil pressure), FMI 18: low, moderately severe. */
const FAULT = { spn: 100, fmi: 18, occurrences: 3 };
const FAULT_CYCLE_S = 420;
const FAULT_FROM_S = 150;
const FAULT_TO_S = 210;

/** What came of a step. Valid until the next. */
export interface VehicleOutput {
  /** Times in Unix µs. */
  readonly frames: FrameBlock;
  /** Whole NMEA sentences, each with its line end. */
  readonly sentences: string;
}

/** A vehicle in the city with its buses and its receiver: the same seed, start and steps give the same bytes. */
export class SimulatedVehicle {
  readonly #options: SimulatedVehicleOptions;
  readonly #driver: Driver;
  readonly #powertrain: Powertrain;
  readonly #receiver: GnssReceiver;
  readonly #frames = new FrameBlock(BLOCK_FRAMES);
  readonly #send: (nowMs: number) => void;
  readonly #ambientC: number;
  readonly #before: TruckState['before'];
  #elapsedMs = 0;
  #owedMs = 0;

  constructor(options: SimulatedVehicleOptions) {
    const { kind, seed, startMs } = options;
    const { temper, powertrain } = KINDS[kind];
    const random = seededRandom(seed);
    this.#options = options;
    this.#ambientC = 9 + 12 * random();
    this.#before = {
      odometerM: 2e8 + 3e8 * random(),
      fuelLitres: 60_000 + 90_000 * random(),
      engineHours: 4000 + 6000 * random(),
    };
    this.#driver = new Driver(CITY, temper, random, startMs / 1000);
    this.#powertrain = new Powertrain(powertrain, this.#ambientC, random);
    this.#receiver = new GnssReceiver(startMs, random);
    this.#send = kind === 'car' ? this.#answers(random) : this.#broadcasts(random);
  }

  /** Where it truly is and how it truly moves: what tests compare with. */
  get truth() {
    const { motion } = this.#driver;
    return { ...motion, ...toWgs84(motion.eastM, motion.northM), powertrain: this.#powertrain.state };
  }

  /** Drives on by `dtMs`, at most 250. */
  step(dtMs: number): VehicleOutput {
    if (!(dtMs >= 0 && dtMs <= 250)) throw new RangeError(`a step of ${dtMs} ms: take 0 to 250, several for more`);
    this.#frames.clear();
    let sentences = '';
    this.#owedMs += dtMs;
    while (this.#owedMs >= TICK_MS) {
      this.#owedMs -= TICK_MS;
      this.#elapsedMs += TICK_MS;
      this.#driver.step(TICK_MS / 1000);
      const { motion } = this.#driver;
      this.#powertrain.step(motion, TICK_MS / 1000);
      this.#send(this.#elapsedMs);
      sentences += this.#receiver.until(this.#options.startMs + this.#elapsedMs, () => ({
        ...toWgs84(motion.eastM, motion.northM),
        altitudeM: 14 + 5 * Math.sin(motion.eastM / 700) + 4 * Math.cos(motion.northM / 900),
        speedMps: motion.speedMps,
        headingDeg: motion.headingDeg,
      }));
    }
    return { frames: this.#frames, sentences };
  }

  #answers(random: () => number): (nowMs: number) => void {
    const questions = new RoundRobin<Parameter>(QUESTIONS, random);
    const answer = (parameter: Parameter, atMs: number): void =>
      this.#push(atMs, ANSWER_ID, encodeAnswer(parameter, this.#car()));
    return (nowMs) => questions.until(nowMs, answer);
  }

  #broadcasts(random: () => number): (nowMs: number) => void {
    const timetable = new Timetable<ParameterGroup>(BROADCAST, random);
    const send = (group: ParameterGroup, atMs: number): void =>
      this.#push(atMs, idOf(group), group.encode(this.#truck()));
    return (nowMs) => timetable.until(nowMs, send);
  }

  #push(atMs: number, id: number, data: Uint8Array): void {
    const timeUs = Math.round((this.#options.startMs + atMs) * 1000);
    if (!this.#frames.push(timeUs, id, 0, data)) throw new RangeError(`more than ${BLOCK_FRAMES} frames in one step`);
  }

  #car(): CarState {
    const powertrain = this.#powertrain.state;
    const seconds = this.#elapsedMs / 1000;
    return {
      motion: this.#driver.motion,
      powertrain,
      ambientC: this.#ambientC,
      barometricKpa: 101.3,
      voltageV: 14.15 - 0.12 * powertrain.load + 0.05 * Math.sin(seconds / 7),
      fuelTrim: 0.03 * Math.sin(seconds / 11) + 0.02 * Math.sin(seconds / 3.1),
    };
  }

  #truck(): TruckState {
    const atS = (this.#elapsedMs / 1000) % FAULT_CYCLE_S;
    return {
      motion: this.#driver.motion,
      powertrain: this.#powertrain.state,
      ambientC: this.#ambientC,
      barometricKpa: 101.5,
      before: this.#before,
      fault: atS >= FAULT_FROM_S && atS < FAULT_TO_S ? FAULT : undefined,
    };
  }
}
