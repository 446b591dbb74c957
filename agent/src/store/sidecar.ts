import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

/**
 * What is known of the store outside its database file, so that a lost, restored or copied file is noticed and what it
 * leaves open is closed: see opening.ts.
 */
export interface Sidecar {
  readonly unit: string;
  readonly machine: string;
  /** Hex. */
  readonly epoch: string;
  /** Seqs below it may have been given. Reserved ahead in blocks, so that it is rarely written; exact after a clean close. */
  readonly highWater: number;
  /** What the database's next seq was at least when this was written. */
  readonly nextSeq: number;
  /** Hex nonce, new at every open, close and epoch, equal in the database. */
  readonly generation: string;
  /** The generation that the database still has where the process died between the writes of the two. */
  readonly previous?: string;
  /** Ranges that were accepted when this was written, the newest if there are many. */
  readonly accepted: readonly (readonly [number, number])[];
}

/** How many accepted ranges a sidecar keeps. */
export const SIDECAR_RANGES_MAX = 256;

const hex = z.string().regex(/^[0-9a-f]{32}$/);
const seq = z.number().int().positive();
const shape = z.object({
  unit: z.string(),
  machine: z.string(),
  epoch: hex,
  highWater: seq,
  nextSeq: seq,
  generation: hex,
  previous: hex.optional(),
  accepted: z.array(z.tuple([seq, seq])),
});

/** Undefined where there is none, or none that can be read: then nothing is known, which the opening rules allow for. */
export function readSidecar(path: string): Sidecar | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Replaces the sidecar as a whole, durably: readers see the old one or the new one. */
export function writeSidecar(path: string, sidecar: Sidecar): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(sidecar)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Makes renames and new files in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
