import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { bytesOf, hexOf } from '@iot/batch';
import type { ClockMapping } from '../ports.ts';

/** Boots that are remembered: an outage may outlast several. */
const BOOTS_MAX = 32;
/** A mapping that moved less is not worth a write to flash. */
const MOVED_US_MIN = 100_000;

/**
 * The mappings of this boot and of earlier ones, in a small file: batches that were stored in one boot and are first
 * offered in the next still get their right time.
 */
export class KnownBoots {
  readonly #path: string;
  #mappings: readonly ClockMapping[];
  /** What the file says of the present boot. */
  #written: ClockMapping | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#mappings = readFile(path);
  }

  get mappings(): readonly ClockMapping[] {
    return this.#mappings;
  }

  /** Remembers the mapping of the present boot. Writes where it is new or has moved; throws where the disk does not take it. */
  note(mapping: ClockMapping): void {
    const boot = hexOf(mapping.boot);
    this.#mappings = [mapping, ...this.#mappings.filter((one) => hexOf(one.boot) !== boot)].slice(0, BOOTS_MAX);
    const written = this.#written;
    const same = written && hexOf(written.boot) === boot && written.source === mapping.source;
    if (same && Math.abs(written.offsetUs - mapping.offsetUs) < MOVED_US_MIN) return;
    const text = JSON.stringify(this.#mappings.map((one) => ({ ...one, boot: hexOf(one.boot) })));
    writeFileSync(`${this.#path}.new`, text, { flush: true, mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
    this.#written = mapping;
  }
}

/** What is not there, or does not read, is not known: its batches go without a clock. */
function readFile(path: string): ClockMapping[] {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as (Omit<ClockMapping, 'boot'> & { boot: string })[];
    return stored.map((one) => ({ ...one, boot: bytesOf(one.boot) })).filter(isMapping);
  } catch {
    return [];
  }
}

function isMapping({ boot, source, offsetUs, uncertaintyUs }: ClockMapping): boolean {
  return (
    boot.length === 16 &&
    ['gnss', 'ntp', 'rtc'].includes(source) &&
    Number.isFinite(offsetUs) &&
    Number.isFinite(uncertaintyUs)
  );
}
