import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib';
import { DecodeError } from '@iot/wire';
import { INFLATED_BYTES_MAX } from './limits.ts';

/** Codecs of a body on the wire. */
export const CODEC_CBOR = 0;
export const CODEC_DEFLATE = 1;

/**
 * What zlib is asked to try. memLevel 4 closes a block, and its Huffman table, every 1,024 symbols, so that columns of
 * different statistics do not share one: 6 % on an IMU, against memLevel 8. Noise has nothing to match
 * (HUFFMAN_ONLY, 12 ns a reading); repeated patterns do (FILTERED leaves short matches among noise alone).
 */
const LONG: readonly ZlibOptions[] = [
  { level: 9, memLevel: 4, strategy: constants.Z_HUFFMAN_ONLY },
  { level: 6, memLevel: 4, strategy: constants.Z_FILTERED },
];
/** A short body has no statistics to speak of: here matches of three bytes pay, and one table is enough. */
const SHORT: readonly ZlibOptions[] = [
  { level: 9, memLevel: 8, windowBits: 13, strategy: constants.Z_DEFAULT_STRATEGY },
  { level: 6, memLevel: 4, windowBits: 13, strategy: constants.Z_FILTERED },
];
const SHORT_BYTES_MAX = 4096;
/** Below this, DEFLATE was seen to gain nothing on any recording. */
const DEFLATE_BYTES_MIN = 96;

/** The smallest form of a body. */
export function compress(plain: Uint8Array): { codec: number; bytes: Uint8Array } {
  let best = { codec: CODEC_CBOR, bytes: plain };
  if (plain.length < DEFLATE_BYTES_MIN) return best;
  for (const attempt of plain.length > SHORT_BYTES_MAX ? LONG : SHORT) {
    const bytes = deflateRawSync(plain, attempt);
    if (bytes.length < best.bytes.length) best = { codec: CODEC_DEFLATE, bytes };
  }
  return best;
}

/** The CBOR of a body that may be hostile. Throws DecodeError. */
export function decompress(codec: number, body: Uint8Array): Uint8Array {
  if (codec === CODEC_CBOR) return body;
  if (codec !== CODEC_DEFLATE) throw new DecodeError('batch/bad-codec', `codec ${codec} is not known here`);
  const { buffer, engine } = inflate(body);
  if (engine.bytesWritten !== body.length)
    throw new DecodeError('batch/trailing', `${body.length - engine.bytesWritten} bytes after the end of DEFLATE`);
  return buffer;
}

/** What `inflateRawSync` returns with `info`: the engine has counted the bytes that it took. */
interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function inflate(body: Uint8Array): Inflated {
  try {
    return inflateRawSync(body, { maxOutputLength: INFLATED_BYTES_MAX, info: true }) as unknown as Inflated;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new DecodeError('batch/too-large', `the body inflates to more than ${INFLATED_BYTES_MAX} bytes`);
    throw new DecodeError('batch/bad-deflate', `the body is not raw DEFLATE: ${(error as Error).message}`);
  }
}
