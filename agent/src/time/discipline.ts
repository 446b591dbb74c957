import type { BatchEvent } from '@iot/batch';
import type { ClockMapping } from '../ports.ts';

/** GNSS fixes that are looked back on: sentences arrive late by a varying time, the quickest is nearest to the truth. */
const FIXES_KEPT = 60;
/** An NMEA sentence says when the fix was, not when its last byte left: quickest of many, still about this. */
const GNSS_UNCERTAINTY_US = 100_000;
const NTP_UNCERTAINTY_US = 50_000;
/** A battery-backed clock that nobody sets drifts by about 2 s a day. */
const RTC_UNCERTAINTY_US = 60_000_000;
/** Fixes that must agree on a new time before it is believed: one may be a fault of the receiver. */
const STEP_FIXES = 3;
/** A source that disagrees with the mapping in force by more than this and both uncertainties has stepped. */
const STEP_US_MIN = 1_000_000;

export interface DisciplineOptions {
  readonly boot: Uint8Array;
  /** Unix µs that no true time is before: the build, or a date in the config. */
  readonly notBeforeUs: number;
  /**
   * Boot time from which a system clock that nothing synchronises is taken for an RTC. Where a receiver may still tell the time it
   * is waited for: many boards have no RTC, and begin with the time of their last shutdown.
   */
  readonly rtcAfterUs?: number;
  readonly onEvent: (event: BatchEvent) => void;
}

/**
 * What is known of wall time: from GNSS fixes where there are any, else from the system clock where it is synchronised
 * (NTP) or at least plausible (RTC). Pure: times come in, the mapping and events come out.
 */
export class Discipline {
  readonly #options: DisciplineOptions;
  #fixOffsets: number[] = [];
  /** Offsets of the last fixes that told another time, and the same one. */
  #suspects: number[] = [];
  #mapping: ClockMapping | undefined;

  constructor(options: DisciplineOptions) {
    this.#options = options;
  }

  get mapping(): ClockMapping | undefined {
    return this.#mapping;
  }

  /** A receiver's time: `bootUs` when the sentence arrived, `utcUs` what it says. */
  gnss(bootUs: number, utcUs: number): void {
    if (utcUs < this.#options.notBeforeUs) return;
    const offsetUs = utcUs - bootUs;
    if (this.#fixOffsets.length > 0 && !near(offsetUs, this.#best())) {
      if (!this.#isConfirmed(offsetUs)) return;
      this.#fixOffsets = [];
    }
    this.#suspects = [];
    this.#fixOffsets.push(offsetUs);
    if (this.#fixOffsets.length > FIXES_KEPT) this.#fixOffsets.shift();
    this.#adopt({ source: 'gnss', offsetUs: this.#best(), uncertaintyUs: GNSS_UNCERTAINTY_US }, bootUs);
  }

  /** The system clock, read at one moment. Ignored once a receiver has told the time of this boot. */
  system(bootUs: number, wallUs: number, synchronised: boolean): void {
    if (this.#mapping?.source === 'gnss' || wallUs < this.#options.notBeforeUs) return;
    if (!synchronised && bootUs < (this.#options.rtcAfterUs ?? Number.NEGATIVE_INFINITY)) return;
    const source = synchronised ? 'ntp' : 'rtc';
    const uncertaintyUs = synchronised ? NTP_UNCERTAINTY_US : RTC_UNCERTAINTY_US;
    this.#adopt({ source, offsetUs: wallUs - bootUs, uncertaintyUs }, bootUs);
  }

  #isConfirmed(offsetUs: number): boolean {
    if (this.#suspects.length > 0 && !near(offsetUs, this.#suspects[0])) this.#suspects = [];
    this.#suspects.push(offsetUs);
    return this.#suspects.length >= STEP_FIXES;
  }

  #best(): number {
    return Math.max(...this.#fixOffsets);
  }

  #adopt(next: Omit<ClockMapping, 'boot'>, bootUs: number): void {
    const before = this.#mapping;
    this.#mapping = { ...next, boot: this.#options.boot };
    const movedUs = before ? next.offsetUs - before.offsetUs : 0;
    if (before?.source !== next.source) {
      this.#tell('clock-set', bootUs, next, before ? { movedUs, previous: before.source } : {});
    } else if (Math.abs(movedUs) > STEP_US_MIN) {
      this.#tell('clock-stepped', bootUs, next, { movedUs });
    }
  }

  /** Carries boot and offset, so that what went out as `none` can be re-timed downstream. */
  #tell(name: string, timeUs: number, next: Omit<ClockMapping, 'boot'>, more: Record<string, string | number>): void {
    const { source, offsetUs, uncertaintyUs } = next;
    const boot = Buffer.from(this.#options.boot).toString('hex');
    this.#options.onEvent({ timeUs, name, attributes: { source, offsetUs, uncertaintyUs, boot, ...more } });
  }
}

/** Whether two offsets are of one clock that did not step. */
function near(one: number, other: number): boolean {
  return Math.abs(one - other) <= STEP_US_MIN + GNSS_UNCERTAINTY_US;
}
