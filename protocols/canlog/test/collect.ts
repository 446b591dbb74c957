import type { DecodeError } from '@iot/wire';
import { type CandumpReaderOptions, createCandumpReader } from '../src/index.ts';

/** A frame as a value, for comparing. */
export interface SeenFrame {
  readonly timeUs: number;
  readonly bus: string;
  readonly id: number;
  readonly flags: number;
  readonly data: string;
}

export interface Seen {
  readonly frames: SeenFrame[];
  readonly damage: { readonly code: string; readonly line: number | undefined; readonly offset: number }[];
}

export function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

/** Everything a reader says of a log that comes in these chunks. */
export function readAll(chunks: readonly Uint8Array[], options: Partial<CandumpReaderOptions> = {}): Seen {
  const seen: Seen = { frames: [], damage: [] };
  const reader = createCandumpReader({
    ...options,
    onFrames(block, bus) {
      for (let i = 0; i < block.count; i++) {
        const data = Buffer.from(block.data.subarray(i * 64, i * 64 + block.length[i])).toString('hex');
        seen.frames.push({ timeUs: block.timeUs[i], bus, id: block.id[i], flags: block.flags[i], data });
      }
    },
    onDamage(error: DecodeError, offset) {
      seen.damage.push({ code: error.code, line: error.at, offset });
    },
  });
  for (const chunk of chunks) reader.receive(chunk);
  reader.finish();
  return seen;
}

export function readText(text: string, options: Partial<CandumpReaderOptions> = {}): Seen {
  return readAll([Buffer.from(text, 'latin1')], options);
}
