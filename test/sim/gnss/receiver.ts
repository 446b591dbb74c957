import { type Fix, type SatelliteInView, sentencesOf } from './sentences.ts';

/** Where the antenna truly is. */
export interface Truth {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  readonly altitudeM: number;
  readonly speedMps: number;
  readonly headingDeg: number;
}

const EPOCH_MS = 1000;
/** From the second that a fix is of to its first byte: receivers compute for about this long. */
const LATENCY_MS = 60;
/** Seconds until the first fix of a start with known orbits. */
const FIRST_FIX_S = 3;
/** Errors of a good receiver under open sky: slow drift by the atmosphere, 1σ in metres, and the little that changes at once. */
const DRIFT_M = 1.3;
const DRIFT_S = 80;
const JITTER_M = 0.12;
const METRES_PER_DEGREE = 111_320;
/** Below this the course is not told anew: it would be noise. */
const COURSE_MPS_MIN = 0.6;

interface Orbit {
  readonly system: 'GP' | 'GL';
  readonly id: number;
  readonly phase: number;
  readonly azimuthDeg: number;
  readonly degPerS: number;
  readonly blockedDb: number;
}

/** A receiver of GPS and GLONASS with one fix a second, on the second. */
export class GnssReceiver {
  readonly #random: () => number;
  readonly #orbits: readonly Orbit[];
  readonly #startMs: number;
  #nextMs: number;
  #east: number;
  #north: number;
  #up: number;
  #courseDeg: number | undefined;
  #waiting: { readonly dueMs: number; readonly text: string } | undefined;

  constructor(startMs: number, random: () => number) {
    this.#random = random;
    this.#startMs = startMs;
    this.#nextMs = Math.ceil(startMs / EPOCH_MS) * EPOCH_MS;
    this.#east = this.#normal() * DRIFT_M;
    this.#north = this.#normal() * DRIFT_M;
    this.#up = this.#normal() * DRIFT_M * 1.8;
    this.#orbits = [...this.#constellation('GP', 1, 32, 14), ...this.#constellation('GL', 65, 24, 10)];
  }

  /** The sentences that have come by `unixMs`; `truth` is asked where a fix is taken. Call it at least ten times a second. */
  until(unixMs: number, truth: () => Truth): string {
    let text = '';
    if (unixMs >= this.#nextMs) {
      this.#waiting = { dueMs: this.#nextMs + LATENCY_MS, text: sentencesOf(this.#take(this.#nextMs, truth())) };
      this.#nextMs += EPOCH_MS;
    }
    if (this.#waiting && unixMs >= this.#waiting.dueMs) {
      text = this.#waiting.text;
      this.#waiting = undefined;
    }
    return text;
  }

  #take(unixMs: number, truth: Truth): Fix {
    this.#drift();
    const satellites = this.#inView(unixMs / 1000);
    const hasFix = unixMs - this.#startMs >= FIRST_FIX_S * 1000;
    const speedMps = Math.max(0, truth.speedMps + this.#normal() * 0.04);
    if (speedMps >= COURSE_MPS_MIN) this.#courseDeg = (truth.headingDeg + (this.#normal() * 2) / speedMps + 360) % 360;
    const perDegreeEast = METRES_PER_DEGREE * Math.cos((truth.latitudeDeg * Math.PI) / 180);
    const used = satellites.filter((satellite) => satellite.used).length;
    return {
      unixMs,
      place: hasFix
        ? {
            latitudeDeg: truth.latitudeDeg + (this.#north + this.#normal() * JITTER_M) / METRES_PER_DEGREE,
            longitudeDeg: truth.longitudeDeg + (this.#east + this.#normal() * JITTER_M) / perDegreeEast,
            altitudeM: truth.altitudeM + this.#up + this.#normal() * JITTER_M,
          }
        : undefined,
      speedMps,
      courseDeg: this.#courseDeg,
      hdop: hasFix ? 0.55 + 3 / Math.max(4, used) : 99.99,
      vdop: hasFix ? 0.8 + 4 / Math.max(4, used) : 99.99,
      satellites: hasFix ? satellites : satellites.map((satellite) => ({ ...satellite, used: false })),
    };
  }

  /** First-order Gauss-Markov: what is left of an error after a second, and what is new, keep its variance. */
  #drift(): void {
    const kept = Math.exp(-1 / DRIFT_S);
    const fresh = DRIFT_M * Math.sqrt(1 - kept * kept);
    this.#east = this.#east * kept + this.#normal() * fresh;
    this.#north = this.#north * kept + this.#normal() * fresh;
    this.#up = this.#up * kept + this.#normal() * fresh * 1.8;
  }

  #constellation(system: 'GP' | 'GL', firstId: number, ids: number, count: number): Orbit[] {
    const taken = new Set<number>();
    while (taken.size < count) taken.add(firstId + Math.floor(this.#random() * ids));
    return [...taken]
      .sort((a, b) => a - b)
      .map((id) => ({
        system,
        id,
        phase: this.#random() * 2 * Math.PI,
        azimuthDeg: this.#random() * 360,
        degPerS: 0.003 + 0.004 * this.#random(),
        blockedDb: this.#random() < 0.2 ? 16 : 0,
      }));
  }

  /** Rises and sets over hours; the signal is weaker near the horizon and behind houses. */
  #inView(seconds: number): SatelliteInView[] {
    const inView: SatelliteInView[] = [];
    for (const { system, id, phase, azimuthDeg, degPerS, blockedDb } of this.#orbits) {
      const elevationDeg = 90 * Math.sin(phase + (seconds * degPerS * Math.PI) / 180 / 2);
      if (elevationDeg < 4) continue;
      const snrDb = Math.max(0, 28 + 18 * Math.sin((elevationDeg * Math.PI) / 180) - blockedDb + this.#normal());
      const azimuth = (azimuthDeg + seconds * degPerS) % 360;
      inView.push({ system, id, elevationDeg, azimuthDeg: azimuth, snrDb, used: elevationDeg > 10 && snrDb > 22 });
    }
    return inView;
  }

  /** Normal distribution, by the Box-Muller transform. */
  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random()));
    return radius * Math.cos(2 * Math.PI * this.#random());
  }
}
