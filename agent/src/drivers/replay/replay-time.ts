import type { Clock } from '../../ports.ts';

/** A log whose time goes back by more than this was stitched together: it goes on from there, at once. */
const BACK_US_MAX = 1_000_000;

/** Maps a recording's times to times of the replay: laps of a loop follow each other, and each frame has its due time. */
export class ReplayTime {
  readonly #speed: number;
  readonly #clock: Clock;
  #frames = 0;
  #firstUs = 0;
  /** Of the newest frame, with its lap's shift. */
  #lastUs = 0;
  /** Added to the log's times: the length of the laps so far. */
  #shiftUs = 0;
  #originLogUs = 0;
  #originBootUs = 0;
  #dueUs = 0;

  /** At speed `max` there is no waiting, and due times mean nothing. */
  constructor(speed: number | 'max', clock: Clock) {
    this.#speed = speed === 'max' ? Number.POSITIVE_INFINITY : speed;
    this.#clock = clock;
  }

  /** Frames of all laps. */
  get frames(): number {
    return this.#frames;
  }

  /** Boot time at which the newest frame is due. */
  get dueUs(): number {
    return this.#dueUs;
  }

  /** The next frame of the log: gives its time with the laps so far, Unix µs. */
  take(logUs: number): number {
    const timeUs = logUs + this.#shiftUs;
    if (this.#frames === 0) this.#firstUs = logUs;
    if (this.#frames === 0 || timeUs < this.#lastUs - BACK_US_MAX) {
      this.#originLogUs = timeUs;
      this.#originBootUs = Math.max(this.#dueUs, this.#clock.bootUs());
    }
    this.#frames++;
    this.#lastUs = timeUs;
    // Boot times of a source never go back, even where the log does by a little.
    this.#dueUs = Math.max(this.#dueUs, this.#toBootUs(timeUs));
    return timeUs;
  }

  /** When a frame would be due, without taking it. */
  dueUsOf(logUs: number): number {
    return this.#toBootUs(logUs + this.#shiftUs);
  }

  /** The log begins again: its first frame follows its last by the mean distance of frames. */
  endLap(): void {
    const lengthUs = this.#lastUs - this.#firstUs;
    this.#shiftUs = lengthUs + Math.max(1, Math.round(lengthUs / Math.max(1, this.#frames - 1)));
  }

  #toBootUs(timeUs: number): number {
    return this.#originBootUs + (timeUs - this.#originLogUs) / this.#speed;
  }
}
