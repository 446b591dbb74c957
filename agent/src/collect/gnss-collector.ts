import { appendFix, createNmeaParser, type GnssFix, gnssTable } from '@iot/nmea';
import type { Rows } from '@iot/wire';
import type { OpenBatch } from './open-batch.ts';

export interface GnssCollectorOptions {
  /** Name of the receiver, in the place of a bus. */
  readonly name: string;
  readonly open: OpenBatch;
  /** Unix µs that no true time is before: repairs week rollovers. */
  readonly notBeforeUs: number;
  /** The time a fix tells: `bootUs` when it arrived. */
  readonly onTime: (bootUs: number, utcUs: number) => void;
  readonly onEvent: (name: string, attributes: Record<string, string | number>) => void;
}

/** Turns a receiver's NMEA bytes into rows of its `Gnss` table and into times for the clock. */
export class GnssCollector {
  readonly #options: GnssCollectorOptions;
  readonly #rows: Rows;
  readonly #parser: ReturnType<typeof createNmeaParser>;
  #repaired = false;

  constructor(options: GnssCollectorOptions) {
    this.#options = options;
    this.#rows = options.open.table(gnssTable(options.name));
    this.#parser = createNmeaParser({ notBeforeUs: options.notBeforeUs, onFix: (fix) => this.#take(fix) });
  }

  receive(bytes: Uint8Array, bootUs: number): void {
    this.#parser.receive(bytes, bootUs);
  }

  /** Ends an epoch that the receiver has finished; call it now and then. */
  poll(bootUs: number): void {
    this.#parser.poll(bootUs);
  }

  get counts() {
    return this.#parser.counts;
  }

  #take(fix: GnssFix): void {
    const { open, onTime, onEvent, name } = this.#options;
    if (fix.weeksAdded !== 0 && !this.#repaired) {
      this.#repaired = true;
      onEvent('gnss-week-rollover', { receiver: name, weeks: fix.weeksAdded });
    }
    // A receiver without a fix keeps a clock of its own that may be far off: its time counts once it has one.
    if (fix.latitudeDeg === undefined) return;
    if (fix.utcUs !== undefined) onTime(fix.timeUs, fix.utcUs);
    if (!(fix.timeUs < open.deadlineUs)) open.advance(fix.timeUs);
    appendFix(this.#rows, fix);
  }
}
