import { DAY_US, repairRollover } from './date.ts';
import { type GnssFix, mergeFix } from './fix.ts';
import { type Satellite, satelliteKey } from './satellites.ts';
import type { Sentence, SentenceFix } from './sentences.ts';

/** The date of the last epoch that had one, to go on from. */
interface LastDate {
  readonly midnightUs: number;
  readonly timeOfDayUs: number;
}

/**
 * Gathers the sentences of one epoch. An epoch ends where a sentence has another time of day, or comes again: a receiver
 * sends each once per epoch, in an order that differs between makers, so that sentences without time (VTG, GSA, GSV) may
 * stand before the first one with it.
 */
export class EpochAssembler {
  readonly #notBeforeUs: number;
  #epoch: Epoch | undefined;
  #lastDate: LastDate | undefined;

  constructor(notBeforeUs: number) {
    this.#notBeforeUs = notBeforeUs;
  }

  /** Whether an epoch is open that would make a fix. */
  get hasPosition(): boolean {
    return this.#epoch?.hasPosition ?? false;
  }

  /** Takes a sentence that was complete at `timeUs`; the fix of the epoch that it ended, if it ended one. */
  add(sentence: Sentence, timeUs: number): GnssFix | undefined {
    const ended = this.#epoch?.isEndedBy(sentence) ? this.end() : undefined;
    this.#epoch ??= new Epoch(timeUs);
    this.#epoch.add(sentence);
    return ended;
  }

  /** Ends the open epoch. No fix comes of one in which no sentence spoke of position. */
  end(): GnssFix | undefined {
    const epoch = this.#epoch;
    this.#epoch = undefined;
    return epoch?.hasPosition ? epoch.toFix(this.#timeOf(epoch)) : undefined;
  }

  #timeOf(epoch: Epoch): { readonly utcUs?: number; readonly weeksAdded: number } {
    const { timeOfDayUs } = epoch;
    if (timeOfDayUs === undefined) return { weeksAdded: 0 };
    const midnightUs = epoch.midnightUs ?? this.#continuedMidnight(timeOfDayUs);
    if (midnightUs === undefined) return { weeksAdded: 0 };
    this.#lastDate = { midnightUs, timeOfDayUs };
    return repairRollover(midnightUs + timeOfDayUs, this.#notBeforeUs);
  }

  /** For epochs without a date: the last one, or the day after where the time of day has begun anew. */
  #continuedMidnight(timeOfDayUs: number): number | undefined {
    if (!this.#lastDate) return undefined;
    const hasWrapped = timeOfDayUs < this.#lastDate.timeOfDayUs - DAY_US / 2;
    return this.#lastDate.midnightUs + (hasWrapped ? DAY_US : 0);
  }
}

class Epoch {
  timeOfDayUs: number | undefined;
  midnightUs: number | undefined;
  hasPosition = false;
  readonly #timeUs: number;
  readonly #keys = new Set<string>();
  readonly #satellites = new Map<string, Satellite>();
  readonly #used = new Set<string>();
  #knowsUsed = false;
  #hasList = false;
  #fix: SentenceFix = {};
  /** Parts of a GSV list whose end has not come yet. */
  #list: Omit<Satellite, 'used'>[] = [];
  #nextPart = 1;

  constructor(timeUs: number) {
    this.#timeUs = timeUs;
  }

  isEndedBy(sentence: Sentence): boolean {
    const { timeOfDayUs, key } = sentence;
    if (timeOfDayUs !== undefined && this.timeOfDayUs !== undefined && timeOfDayUs !== this.timeOfDayUs) return true;
    return key !== undefined && this.#keys.has(key);
  }

  add(sentence: Sentence): void {
    if (sentence.key !== undefined) this.#keys.add(sentence.key);
    this.timeOfDayUs = sentence.timeOfDayUs ?? this.timeOfDayUs;
    this.midnightUs = sentence.midnightUs ?? this.midnightUs;
    this.hasPosition ||= sentence.isPosition;
    if (sentence.fix) this.#addFix(sentence.formatter, sentence.fix);
    if (sentence.used) {
      this.#knowsUsed = true;
      for (const { system, id } of sentence.used) this.#used.add(satelliteKey(system, id));
    }
    if (sentence.inView) this.#addPart(sentence.inView);
  }

  toFix(time: { readonly utcUs?: number; readonly weeksAdded: number }): GnssFix {
    const satellites = this.#hasList ? [...this.#satellites.values()].map((one) => this.#withUse(one)) : undefined;
    return { timeUs: this.#timeUs, ...time, ...this.#fix, ...(satellites && { satellites }) };
  }

  #addFix(formatter: string, said: SentenceFix): void {
    const count = this.#fix.satellitesUsed;
    const merged = mergeFix(this.#fix, said);
    // The one of GNS is of all systems; GGA's is not.
    const keepsCount = formatter === 'GGA' && count !== undefined;
    this.#fix = keepsCount ? { ...merged, satellitesUsed: count } : merged;
  }

  #addPart(part: NonNullable<Sentence['inView']>): void {
    if (part.number === 1) this.#list = [];
    else if (part.number !== this.#nextPart) {
      this.#nextPart = 1;
      return;
    }
    this.#list.push(...part.satellites);
    this.#nextPart = part.number + 1;
    if (part.number < part.total) return;
    this.#nextPart = 1;
    this.#hasList = true;
    for (const satellite of this.#list) this.#addSatellite(satellite);
  }

  /** A satellite stands in one list for each of its signals. */
  #addSatellite(satellite: Satellite): void {
    const key = satelliteKey(satellite.system, satellite.id);
    const known = this.#satellites.get(key);
    const strongest = Math.max(known?.snrDbHz ?? -1, satellite.snrDbHz ?? -1);
    const snrDbHz = strongest < 0 ? undefined : strongest;
    this.#satellites.set(key, { ...known, ...satellite, snrDbHz });
  }

  #withUse(satellite: Satellite): Satellite {
    if (!this.#knowsUsed) return satellite;
    return { ...satellite, used: this.#used.has(satelliteKey(satellite.system, satellite.id)) };
  }
}
