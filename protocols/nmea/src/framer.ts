import { DecodeError } from '@iot/wire';

/**
 * NMEA 0183 allows 82 characters; receivers exceed that (GNS and proprietary sentences), none is known to exceed this.
 * Everything between two sentences is skipped without being kept.
 */
export const SENTENCE_BYTES_MAX = 255;

const DOLLAR = 0x24;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;

/** Talker and formatter: what tells a damaged sentence from a `$` in binary data. */
const ADDRESS = /^[A-Z][A-Z0-9]{4},/;
const CHECKSUM = /\*([0-9A-Fa-f]{2})$/;

export interface FramerHandlers {
  /** The text between `$` and `*`, its checksum verified; `at` is the position of the `$`. */
  readonly onText: (text: string, at: number) => void;
  /** `error.at` is the position in the stream of the sentence's `$`. */
  readonly onDamage: (error: DecodeError) => void;
}

/** Finds sentences in a stream that may hold anything else besides (UBX, RTCM, noise of a wrong baud rate). */
export class Framer {
  /** Bytes that were no part of a sentence, line ends left out. */
  skippedBytes = 0;
  readonly #handlers: FramerHandlers;
  readonly #buffer = new Uint8Array(SENTENCE_BYTES_MAX);
  /** Characters behind the `$` so far; -1 between sentences. */
  #length = -1;
  #start = 0;
  #position = 0;

  constructor(handlers: FramerHandlers) {
    this.#handlers = handlers;
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#take(byte);
      this.#position++;
    }
  }

  #take(byte: number): void {
    if (byte === DOLLAR) {
      if (this.#length >= 0) this.#abandon('nmea/unterminated', 'another sentence begins before its end');
      this.#start = this.#position;
      this.#length = 0;
    } else if (this.#length < 0) {
      if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) this.skippedBytes++;
    } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
      this.#end();
    } else if (byte < FIRST_PRINTABLE || byte > LAST_PRINTABLE) {
      this.#abandon('nmea/bad-character', `byte 0x${byte.toString(16).padStart(2, '0')} is no character of NMEA 0183`);
      this.skippedBytes++;
    } else if (this.#length === SENTENCE_BYTES_MAX) {
      this.#abandon('nmea/too-long', `no end within ${SENTENCE_BYTES_MAX} characters`);
      this.skippedBytes++;
    } else {
      this.#buffer[this.#length++] = byte;
    }
  }

  #end(): void {
    const text = this.#text();
    const checksum = CHECKSUM.exec(text);
    if (!checksum) {
      this.#abandon('nmea/no-checksum', 'it does not end in * and two hex digits');
      return;
    }
    const body = text.slice(0, checksum.index);
    const computed = checksumOf(body);
    const stated = Number.parseInt(checksum[1], 16);
    if (computed !== stated) {
      this.#abandon('nmea/bad-checksum', `the checksum says ${hex(stated)}, the characters make ${hex(computed)}`);
      return;
    }
    this.#length = -1;
    this.#handlers.onText(body, this.#start);
  }

  /** Gives up the sentence that was begun; reported only where it looked like one. */
  #abandon(code: string, reason: string): void {
    const text = this.#text();
    this.#length = -1;
    if (ADDRESS.test(text)) {
      this.#handlers.onDamage(new DecodeError(code, `byte ${this.#start}, $${text}: ${reason}`, this.#start));
    } else {
      this.skippedBytes += text.length + 1;
    }
  }

  #text(): string {
    return String.fromCharCode(...this.#buffer.subarray(0, this.#length));
  }
}

/** XOR of the characters between `$` and `*` (NMEA 0183, "Checksum field"). */
export function checksumOf(body: string): number {
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum ^= body.charCodeAt(i);
  return sum;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
