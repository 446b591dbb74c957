import type { Motion } from './driver.ts';
import type { PowertrainState } from './powertrain.ts';
import type { Periodic } from './schedule.ts';

/** A car at one moment: what its engine control unit is asked for. */
export interface CarState {
  readonly motion: Motion;
  readonly powertrain: PowertrainState;
  readonly ambientC: number;
  readonly barometricKpa: number;
  readonly voltageV: number;
  readonly fuelTrim: number;
}

/** Id of the first ECU's answers (ISO 15765-4 §10.5). */
export const ANSWER_ID = 0x7e8;
const SHOW_CURRENT_DATA = 0x41;

/** A parameter of mode 01: its id, the bytes of its data, and what is sent for a state. Raw values as in SAE J1979 table B. */
export interface Parameter {
  readonly pid: number;
  readonly bytes: 1 | 2;
  readonly raw: (car: CarState) => number;
}

const share = (value: number): number => value * 255;
const temperature = (celsius: number): number => celsius + 40;
/** Air for the fuel burnt: 14.7 to one, petrol of 745 g/l. Idling engines draw what the fuel cut saves all the same. */
const airGps = ({ powertrain }: CarState): number => Math.max(1.9, (powertrain.fuelLph * 745 * 14.7) / 3600);

/** How often a logger asks for what: what moves fast, often; temperatures and levels now and then. */
export const QUESTIONS: readonly Periodic<Parameter>[] = [
  { periodMs: 200, what: { pid: 0x0c, bytes: 2, raw: ({ powertrain }) => powertrain.rpm * 4 } },
  { periodMs: 200, what: { pid: 0x0d, bytes: 1, raw: ({ motion }) => motion.speedMps * 3.6 } },
  { periodMs: 400, what: { pid: 0x04, bytes: 1, raw: ({ powertrain }) => share(powertrain.load) } },
  { periodMs: 400, what: { pid: 0x10, bytes: 2, raw: (car) => airGps(car) * 100 } },
  { periodMs: 400, what: { pid: 0x11, bytes: 1, raw: ({ powertrain }) => share(0.12 + 0.75 * powertrain.pedal) } },
  { periodMs: 400, what: { pid: 0x0b, bytes: 1, raw: (car) => 26 + (car.barometricKpa - 26) * car.powertrain.load } },
  { periodMs: 1000, what: { pid: 0x0e, bytes: 1, raw: ({ powertrain }) => (32 - 18 * powertrain.load + 64) * 2 } },
  { periodMs: 1000, what: { pid: 0x06, bytes: 1, raw: ({ fuelTrim }) => 128 + fuelTrim * 128 } },
  { periodMs: 1000, what: { pid: 0x5e, bytes: 2, raw: ({ powertrain }) => powertrain.fuelLph * 20 } },
  { periodMs: 2000, what: { pid: 0x05, bytes: 1, raw: ({ powertrain }) => temperature(powertrain.coolantC) } },
  {
    periodMs: 2000,
    what: { pid: 0x0f, bytes: 1, raw: (car) => temperature(car.ambientC + 9 - 4 * car.powertrain.load) },
  },
  { periodMs: 2000, what: { pid: 0x5c, bytes: 1, raw: ({ powertrain }) => temperature(powertrain.oilC) } },
  { periodMs: 2000, what: { pid: 0x42, bytes: 2, raw: ({ voltageV }) => voltageV * 1000 } },
  { periodMs: 5000, what: { pid: 0x2f, bytes: 1, raw: ({ powertrain }) => share(powertrain.fuelLevel) } },
  { periodMs: 5000, what: { pid: 0x46, bytes: 1, raw: ({ ambientC }) => temperature(ambientC) } },
  { periodMs: 5000, what: { pid: 0x1f, bytes: 2, raw: ({ powertrain }) => powertrain.runningS } },
  { periodMs: 5000, what: { pid: 0x31, bytes: 2, raw: ({ motion }) => 1240 + motion.odometerM / 1000 } },
  { periodMs: 10_000, what: { pid: 0x33, bytes: 1, raw: ({ barometricKpa }) => barometricKpa } },
];

/** The answer in one frame of eight bytes: length, service + 0x40, PID, data big-endian, padded with 0xAA (ISO 15765-2 §9.2). */
export function encodeAnswer(parameter: Parameter, car: CarState): Uint8Array {
  const frame = new Uint8Array(8).fill(0xaa);
  const max = parameter.bytes === 1 ? 0xff : 0xffff;
  const raw = Math.max(0, Math.min(max, Math.round(parameter.raw(car))));
  frame[0] = 2 + parameter.bytes;
  frame[1] = SHOW_CURRENT_DATA;
  frame[2] = parameter.pid;
  if (parameter.bytes === 2) frame[3] = raw >> 8;
  frame[2 + parameter.bytes] = raw & 0xff;
  return frame;
}
