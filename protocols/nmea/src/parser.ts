import { DecodeError, isDecodeError } from '@iot/wire';
import { EpochAssembler } from './epoch.ts';
import type { GnssFix } from './fix.ts';
import { Framer } from './framer.ts';
import { parseSentence, type Sentence } from './sentences.ts';

export interface NmeaParserOptions {
  /** An epoch is complete. */
  readonly onFix: (fix: GnssFix) => void;
  /** A valid sentence of those that make fixes, as it comes. */
  readonly onSentence?: (sentence: Sentence, timeUs: number) => void;
  /**
   * A sentence that was dropped; `error.at` is the position of its `$` in the stream. Codes: `nmea/bad-checksum`,
   * `nmea/no-checksum`, `nmea/bad-character`, `nmea/too-long`, `nmea/unterminated`, `nmea/bad-field`.
   */
  readonly onDamage?: (error: DecodeError) => void;
  /** Dates before this are taken for a GPS week rollover and repaired: see `repairRollover`. Default: none is. */
  readonly notBeforeUs?: number;
  /** A silence this long ends an epoch, so that a fix need not wait for the next one's sentences. Default 200,000. */
  readonly quietUs?: number;
}

export interface NmeaCounts {
  /** Valid sentences of those that make fixes. */
  sentences: number;
  /** Valid sentences that say nothing of the fix: proprietary, other instruments, other kinds. */
  ignored: number;
  damaged: number;
  fixes: number;
}

/** A parser of one receiver's stream. No timers: whoever owns the clock calls `poll` at `wakeAtUs`. */
export interface NmeaParser {
  /** Takes bytes, cut anywhere, that came at `timeUs` (any clock; the fixes are on it). */
  receive(bytes: Uint8Array, timeUs: number): void;
  /** Ends the open epoch where the receiver has been quiet long enough. */
  poll(nowUs: number): void;
  /** When to call `poll` next; undefined while no fix is pending. */
  readonly wakeAtUs: number | undefined;
  /** End of the stream: what is pending becomes a fix. */
  finish(): void;
  readonly counts: Readonly<NmeaCounts>;
  /** Bytes outside of sentences (UBX, noise), line ends not counted. */
  readonly skippedBytes: number;
}

const QUIET_US = 200_000;

/** Parses NMEA 0183 (2.0 to 4.11) of any GNSS receiver into one fix per epoch; whatever else is in the stream is skipped. */
export function createNmeaParser(options: NmeaParserOptions): NmeaParser {
  return new Parser(options);
}

class Parser implements NmeaParser {
  readonly counts: NmeaCounts = { sentences: 0, ignored: 0, damaged: 0, fixes: 0 };
  readonly #options: NmeaParserOptions;
  readonly #quietUs: number;
  readonly #epochs: EpochAssembler;
  readonly #framer: Framer;
  #nowUs = 0;
  #lastSentenceUs = 0;

  constructor(options: NmeaParserOptions) {
    this.#options = options;
    this.#quietUs = options.quietUs ?? QUIET_US;
    this.#epochs = new EpochAssembler(options.notBeforeUs ?? Number.NEGATIVE_INFINITY);
    this.#framer = new Framer({
      onText: (text, at) => this.#onText(text, at),
      onDamage: (error) => this.#onDamage(error),
    });
  }

  get skippedBytes(): number {
    return this.#framer.skippedBytes;
  }

  get wakeAtUs(): number | undefined {
    return this.#epochs.hasPosition ? this.#lastSentenceUs + this.#quietUs : undefined;
  }

  receive(bytes: Uint8Array, timeUs: number): void {
    this.#nowUs = timeUs;
    this.#framer.receive(bytes);
  }

  poll(nowUs: number): void {
    const wakeAtUs = this.wakeAtUs;
    if (wakeAtUs !== undefined && nowUs >= wakeAtUs) this.#deliver(this.#epochs.end());
  }

  finish(): void {
    this.#deliver(this.#epochs.end());
  }

  #onText(text: string, at: number): void {
    let sentence: Sentence | undefined;
    try {
      sentence = parseSentence(text);
    } catch (error) {
      if (!isDecodeError(error)) throw error;
      this.#onDamage(new DecodeError(error.code, `byte ${at}, ${error.message}`, at));
      return;
    }
    if (!sentence) {
      this.counts.ignored++;
      return;
    }
    this.counts.sentences++;
    this.#lastSentenceUs = this.#nowUs;
    this.#options.onSentence?.(sentence, this.#nowUs);
    this.#deliver(this.#epochs.add(sentence, this.#nowUs));
  }

  #onDamage(error: DecodeError): void {
    this.counts.damaged++;
    this.#options.onDamage?.(error);
  }

  #deliver(fix: GnssFix | undefined): void {
    if (!fix) return;
    this.counts.fixes++;
    this.#options.onFix(fix);
  }
}
