import { DecodeError, FrameBlock } from '@iot/wire';
import { BusNames } from './buses.ts';
import { readConsoleFrame, readMessageInfo } from './console-style.ts';
import { readId } from './id.ts';
import { type Fault, type Line, NEWLINE, skipBlanks, TAB } from './line.ts';
import { readLogFrame } from './log-style.ts';
import { parseTime } from './time.ts';

/** Longer than any line candump writes: 64 bytes of CAN FD on the console take about 260. */
export const LINE_BYTES_MAX = 512;

const HASH = 0x23;
const EXCERPT_CHARS = 80;

const FAULT_TEXT: Record<Fault, string> = {
  'bad-time': 'a timestamp is (seconds.fraction) or (YYYY-MM-DD hh:mm:ss.fraction)',
  'bad-bus': 'an interface name of 1 to 15 characters and a blank must stand here',
  'bad-id': 'an id is three hex digits up to 7FF or eight up to 3FFFFFFF (CAN XL is not supported)',
  'bad-hex': 'data is pairs of hex digits',
  'bad-length': 'the number of data bytes is not one that the frame can have',
  'bad-flags': 'these flags do not exist, or not on this kind of frame',
  trailing: 'only a direction, R or T, may follow the data',
  'line-too-long': `no candump line is longer than ${LINE_BYTES_MAX} bytes`,
  'too-many-buses': 'the log names more interfaces than a computer has; is it damaged?',
};

export interface CandumpReaderOptions {
  /**
   * A run of frames of one bus in the order of the log: it ends where another bus has a line, where the block is full and
   * where a chunk ends. The block is the reader's: be done with it when this returns.
   */
  readonly onFrames: (block: FrameBlock, bus: string) => void;
  /**
   * A line that is no frame; reading goes on behind it. `error.at` is its line number from 1, `offset` the position of its
   * first byte in the log. Codes: `canlog/bad-time`, `bad-bus`, `bad-id`, `bad-hex`, `bad-length`, `bad-flags`, `trailing`,
   * `line-too-long`, `too-many-buses`.
   */
  readonly onDamage?: (error: DecodeError, offset: number) => void;
  /** Only these interfaces; the lines of others are counted and otherwise ignored. Absent: all. */
  readonly buses?: readonly string[];
  /** `delta`: times are from line to line (`candump -td`) and are added up. Default `as-written` (log files, -ta, -tz, -tA). */
  readonly timestamps?: 'as-written' | 'delta';
  /** Minutes that local time, which `candump -tA` writes, was ahead of UTC. Default 0. Does not touch other timestamps. */
  readonly utcOffsetMinutes?: number;
  /** Frames in a block. Default 1024. */
  readonly blockFrames?: number;
}

export interface CandumpCounts {
  /** Lines ended so far, comments and empty ones included. */
  lines: number;
  frames: number;
  /** Lines of interfaces that were not asked for. */
  ignored: number;
  damaged: number;
}

export interface CandumpReader {
  /**
   * Reads a chunk, cut anywhere. `timeUs` is when it was captured: the time of lines without timestamp that end in it.
   * Frames of complete lines are delivered before it returns.
   */
  receive(chunk: Uint8Array, timeUs?: number): void;
  /** End of the log: a last line without newline is read as it stands. */
  finish(): void;
  readonly counts: Readonly<CandumpCounts>;
}

/** Reads candump text, log file or console style line by line, with no object or string per line. */
export function createCandumpReader(options: CandumpReaderOptions): CandumpReader {
  return new Reader(options);
}

class Reader implements CandumpReader {
  readonly counts: CandumpCounts = { lines: 0, frames: 0, ignored: 0, damaged: 0 };
  readonly #options: CandumpReaderOptions;
  readonly #buses: BusNames;
  readonly #block: FrameBlock;
  readonly #line: Line;
  readonly #isDelta: boolean;
  /** Bus of the frames in the block. */
  #blockBus = '';
  #clockUs = 0;
  /** Start of a line whose end has not come yet, with room for the newline. */
  readonly #carry = new Uint8Array(LINE_BYTES_MAX + 1);
  #carried = 0;
  /** Bytes of that line so far; more than were kept where it is too long. */
  #carriedLength = 0;
  /** Position in the log of the first byte of the present line. */
  #lineOffset = 0;
  /** Sum of the deltas so far. */
  #sumUs = 0;

  constructor(options: CandumpReaderOptions) {
    this.#options = options;
    this.#buses = new BusNames(options.buses);
    this.#block = new FrameBlock(options.blockFrames ?? 1024);
    this.#isDelta = options.timestamps === 'delta';
    this.#line = { bytes: this.#carry, at: 0, timeUs: undefined, utcOffsetUs: (options.utcOffsetMinutes ?? 0) * 60e6 };
  }

  receive(chunk: Uint8Array, timeUs = 0): void {
    this.#clockUs = timeUs;
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(NEWLINE, at);
      if (end < 0) {
        this.#keep(chunk, at, chunk.length);
        break;
      }
      if (this.#carriedLength > 0) {
        this.#keep(chunk, at, end);
        this.#endCarried();
      } else {
        this.#endLine(chunk, at, end - at);
      }
      at = end + 1;
    }
    this.#flush();
  }

  finish(): void {
    if (this.#carriedLength > 0) this.#endCarried();
    this.#flush();
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    const room = LINE_BYTES_MAX - this.#carried;
    const kept = chunk.subarray(from, Math.min(to, from + room));
    this.#carry.set(kept, this.#carried);
    this.#carried += kept.length;
    this.#carriedLength += to - from;
  }

  #endCarried(): void {
    const length = this.#carriedLength;
    this.#carry[this.#carried] = NEWLINE;
    this.#carried = 0;
    this.#carriedLength = 0;
    this.#endLine(this.#carry, 0, length);
  }

  /** A line of `length` bytes at `start`; where it is too long, only LINE_BYTES_MAX of them need be there. */
  #endLine(bytes: Uint8Array, start: number, length: number): void {
    const line = this.#line;
    line.bytes = bytes;
    line.at = start;
    this.counts.lines++;
    const fault = this.#readLine(line, length);
    if (fault) this.#report(fault, start, length);
    this.#lineOffset += length + 1;
  }

  #readLine(line: Line, length: number): Fault | undefined {
    // Indented by a tab: what `candump -e` explains of the error frame above.
    if (line.bytes[line.at] === TAB) return undefined;
    const start = line.at;
    skipBlanks(line);
    const first = line.bytes[line.at];
    if (length > LINE_BYTES_MAX) {
      // Judged by the bytes that are there wherever the chunks were cut.
      const isComment = first === HASH && line.at < start + LINE_BYTES_MAX;
      line.at = start;
      return isComment ? undefined : 'line-too-long';
    }
    if (first === NEWLINE || first === HASH) return undefined;
    line.timeUs = undefined;
    const timeFault = parseTime(line);
    if (timeFault) return timeFault;
    const timeUs = this.#timeOf(line);
    skipBlanks(line);
    const busFault = this.#buses.read(line);
    if (busFault) return busFault;
    const bus = this.#buses.current!;
    if (!bus.wanted) {
      this.counts.ignored++;
      return undefined;
    }
    if (bus.name !== this.#blockBus || this.#block.full) this.#flush();
    this.#blockBus = bus.name;
    skipBlanks(line);
    const frameFault = readFrame(line, this.#block);
    if (frameFault) return frameFault;
    this.#block.timeUs[this.#block.count++] = timeUs;
    this.counts.frames++;
    return undefined;
  }

  #timeOf(line: Line): number {
    if (line.timeUs === undefined) return this.#clockUs;
    if (!this.#isDelta) return line.timeUs;
    this.#sumUs += line.timeUs;
    return this.#sumUs;
  }

  #flush(): void {
    if (this.#block.count === 0) return;
    this.#options.onFrames(this.#block, this.#blockBus);
    this.#block.clear();
  }

  #report(fault: Fault, start: number, length: number): void {
    this.counts.damaged++;
    if (!this.#options.onDamage) return;
    const { bytes, at } = this.#line;
    const excerpt = bytes.subarray(start, start + Math.min(length, EXCERPT_CHARS));
    const text = JSON.stringify(String.fromCharCode(...excerpt));
    const message = `line ${this.counts.lines}, column ${at - start + 1}: ${FAULT_TEXT[fault]}: ${text}`;
    this.#options.onDamage(new DecodeError(`canlog/${fault}`, message, this.counts.lines), this.#lineOffset);
  }
}

function readFrame(line: Line, block: FrameBlock): Fault | undefined {
  const infoFlags = readMessageInfo(line);
  if (infoFlags < 0) return 'bad-flags';
  const id = readId(line);
  if (id < 0) return 'bad-id';
  return line.bytes[line.at] === HASH ? readLogFrame(line, block, id) : readConsoleFrame(line, block, id, infoFlags);
}
