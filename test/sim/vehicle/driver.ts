import { type City, isGreen, type Street } from './city.ts';

/** What a driver does with a vehicle. Accelerations in m/s². */
export interface Temper {
  readonly accelerationMps2: number;
  readonly brakingMps2: number;
  /** Share of a street's limit that is driven. */
  readonly briskness: number;
  /** Speed around a corner of 90°. */
  readonly cornerMps: number;
}

export interface Motion {
  readonly eastM: number;
  readonly northM: number;
  readonly headingDeg: number;
  readonly speedMps: number;
  readonly accelerationMps2: number;
  readonly odometerM: number;
}

/** Where a vehicle stops before a light, metres from the middle of the junction. */
const STOP_LINE_M = 9;
const CORNER_DEG_MIN = 25;
/** Coming from a narrow street to a wide one without lights, where one looks first. */
const GIVE_WAY_MPS = 3;
/** Other traffic takes up to this share of the speed, coming and going over this many seconds. */
const TRAFFIC_SHARE = 0.28;
const TRAFFIC_S = 14;

/** Drives through a city for ever: keeps to limits, stops at red lights, slows for corners, and turns where chance says. */
export class Driver {
  readonly #city: City;
  readonly #temper: Temper;
  readonly #random: () => number;
  #timeS: number;
  #street: Street;
  #next: Street;
  #alongM = 0;
  #speedMps = 0;
  #accelerationMps2 = 0;
  #odometerM = 0;
  #traffic = 0;
  #trafficWanted = 0;

  /** `timeS` is the time of the lights, which all vehicles of a city share. */
  constructor(city: City, temper: Temper, random: () => number, timeS: number) {
    this.#city = city;
    this.#temper = temper;
    this.#random = random;
    this.#timeS = timeS;
    const starts = city.junctions.filter(({ streets }) => streets.length > 2);
    const start = starts[Math.floor(random() * starts.length)];
    this.#street = start.streets[Math.floor(random() * start.streets.length)];
    this.#next = this.#choose(this.#street);
  }

  get motion(): Motion {
    const { junctions } = this.#city;
    const from = junctions[this.#street.from];
    const to = junctions[this.#street.to];
    const share = this.#alongM / this.#street.lengthM;
    return {
      eastM: from.eastM + (to.eastM - from.eastM) * share,
      northM: from.northM + (to.northM - from.northM) * share,
      headingDeg: this.#heading(),
      speedMps: this.#speedMps,
      accelerationMps2: this.#accelerationMps2,
      odometerM: this.#odometerM,
    };
  }

  step(seconds: number): void {
    const { accelerationMps2, brakingMps2 } = this.#temper;
    const before = this.#speedMps;
    this.#meetTraffic(seconds);
    const wanted = this.#wantedMps();
    const change = Math.max(
      -brakingMps2 * 1.5 * seconds,
      Math.min(accelerationMps2 * this.#eagerness() * seconds, wanted - before),
    );
    this.#speedMps = Math.max(0, before + change);
    this.#accelerationMps2 = (this.#speedMps - before) / seconds;
    const moved = ((before + this.#speedMps) / 2) * seconds;
    this.#timeS += seconds;
    this.#odometerM += moved;
    this.#alongM += moved;
    while (this.#alongM >= this.#street.lengthM) {
      this.#alongM -= this.#street.lengthM;
      this.#street = this.#next;
      this.#next = this.#choose(this.#street);
    }
  }

  /** Vehicles pull away briskly and approach their speed slowly. */
  #eagerness(): number {
    return 1 - 0.6 * Math.min(1, this.#speedMps / (this.#street.limitMps * 1.1));
  }

  #wantedMps(): number {
    const { briskness, brakingMps2 } = this.#temper;
    const restM = this.#street.lengthM - this.#alongM;
    const limit = this.#street.limitMps * briskness * (1 - this.#traffic);
    const light = this.#city.junctions[this.#street.to];
    const canStop = restM - STOP_LINE_M > (this.#speedMps * this.#speedMps) / (2 * brakingMps2 * 1.4) - 1;
    if (restM > STOP_LINE_M - 2 && canStop && !isGreen(light, this.#street, this.#timeS)) {
      const roomM = Math.max(0, restM - STOP_LINE_M);
      return roomM < 0.3 ? 0 : Math.min(limit, Math.sqrt(2 * brakingMps2 * roomM));
    }
    const ahead = Math.min(this.#next.limitMps * briskness, this.#cornerMps(), this.#givenWayMps());
    return Math.min(limit, Math.sqrt(ahead * ahead + 2 * brakingMps2 * restM));
  }

  #meetTraffic(seconds: number): void {
    if (this.#random() < seconds / TRAFFIC_S) this.#trafficWanted = TRAFFIC_SHARE * this.#random() ** 2;
    this.#traffic += (this.#trafficWanted - this.#traffic) * Math.min(1, seconds / 2);
  }

  #givenWayMps(): number {
    const { lightOffsetS, streets } = this.#city.junctions[this.#street.to];
    const mustYield = !this.#street.isWide && lightOffsetS === undefined && streets.some(({ isWide }) => isWide);
    return mustYield ? GIVE_WAY_MPS : Number.POSITIVE_INFINITY;
  }

  #cornerMps(): number {
    const turn = Math.abs(turnDeg(this.#street, this.#next));
    if (turn < CORNER_DEG_MIN) return Number.POSITIVE_INFINITY;
    return this.#temper.cornerMps * Math.sqrt(90 / Math.min(90, turn));
  }

  /** Never back; straight on more often than not, and rather along wide streets. */
  #choose(street: Street): Street {
    const choices = this.#city.junctions[street.to].streets.filter(({ to }) => to !== street.from);
    const weights = choices.map((next) => (Math.abs(turnDeg(street, next)) < 45 ? 4 : 1) * (next.isWide ? 3 : 1));
    let pick = this.#random() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, weight] of weights.entries()) {
      pick -= weight;
      if (pick <= 0) return choices[i];
    }
    return choices[choices.length - 1];
  }

  /** Around a corner the vehicle turns over the last metres of one street and the first of the next. */
  #heading(): number {
    const restM = this.#street.lengthM - this.#alongM;
    if (restM > 8) return this.#street.headingDeg;
    return (this.#street.headingDeg + turnDeg(this.#street, this.#next) * (1 - restM / 8) + 360) % 360;
  }
}

/** Degrees from one street's heading to the next's, -180 to 180; right is positive. */
function turnDeg(from: Street, to: Street): number {
  return ((to.headingDeg - from.headingDeg + 540) % 360) - 180;
}
