import type { DecodeError } from '@iot/wire';
import { checksumOf, createNmeaParser, type GnssFix, type NmeaCounts, type NmeaParserOptions } from '../src/index.ts';

export interface Seen {
  readonly fixes: GnssFix[];
  readonly damage: { readonly code: string; readonly at: number | undefined }[];
  readonly counts: NmeaCounts;
  readonly skippedBytes: number;
}

/** Everything a parser says of a stream that comes in these chunks, all at `timeUs` 0. */
export function parseChunks(chunks: readonly Uint8Array[], options: Partial<NmeaParserOptions> = {}): Seen {
  const fixes: GnssFix[] = [];
  const damage: Seen['damage'] = [];
  const parser = createNmeaParser({
    ...options,
    onFix: (fix) => fixes.push(fix),
    onDamage: (error: DecodeError) => damage.push({ code: error.code, at: error.at }),
  });
  for (const chunk of chunks) parser.receive(chunk, 0);
  parser.finish();
  return { fixes, damage, counts: { ...parser.counts }, skippedBytes: parser.skippedBytes };
}

export function parseText(text: string, options: Partial<NmeaParserOptions> = {}): Seen {
  return parseChunks([Buffer.from(text, 'latin1')], options);
}

/** A sentence with its checksum and line end. */
export function sentence(body: string): string {
  return `$${body}*${checksumOf(body).toString(16).toUpperCase().padStart(2, '0')}\r\n`;
}
