import { createHash } from 'node:crypto';
import { DecodeError } from '@iot/wire';
import { ARRAY } from './cbor.ts';
import { CODEC_CBOR, CODEC_DEFLATE } from './deflate.ts';
import { bytesOf, hexOf } from './hex.ts';
import {
  BOOT_BYTES,
  DIGEST_BYTES,
  ENCODED_BYTES_MAX,
  EPOCH_BYTES,
  HASH_BYTES,
  NAME_BYTES_MAX,
  SELF_CONTAINED_BYTES_MAX,
} from './limits.ts';
import { CborReader } from './read.ts';
import { hashOf, readSchema } from './schema.ts';
import type { BatchHead, BatchHeader, ClockStamp, EncodedBody, Lane, Schema } from './types.ts';
import { CborWriter } from './write.ts';

const VERSION = 1;
const HEADER_ITEMS = 8;
/** Numbers on the wire: append only. */
const LANES: readonly Lane[] = ['alert', 'live', 'backlog'];
const CLOCKS: readonly ClockStamp['source'][] = ['none', 'gnss', 'ntp', 'rtc', 'log'];

/**
 * Seals a body into a batch in its uplink form, the schema named by its hash. The digest is over the header without lane
 * and digest, the schema hash and the body, so it holds from when the clock mapping is frozen. t0 is rounded to 1 µs.
 */
export function sealBatch(
  header: BatchHeader,
  schemaHash: string,
  body: EncodedBody,
): { bytes: Uint8Array; digest: string } {
  const rounded: BatchHeader = { ...header, t0Us: Math.round(header.t0Us) };
  const schema = bytesOf(schemaHash);
  if (schema.length !== HASH_BYTES) throw new RangeError(`schema hash has ${schema.length} bytes, not ${HASH_BYTES}`);
  const digest = digestOf(rounded, schema, body.codec, body.bytes);
  const writer = new CborWriter(body.bytes.length + 256);
  writer.array(4);
  writer.int(VERSION);
  writeHeader(writer, rounded, digest);
  writer.bytes(schema);
  writeBody(writer, body.codec, body.bytes);
  return { bytes: writer.finish(), digest: hexOf(digest) };
}

/** Reads all but the body, which stays closed. Views into `bytes`. Throws DecodeError. */
export function readHead(bytes: Uint8Array): BatchHead {
  if (bytes.length > SELF_CONTAINED_BYTES_MAX) throw tooLong(bytes, SELF_CONTAINED_BYTES_MAX);
  const reader = new CborReader(bytes);
  reader.array('batch', 4, 4);
  const version = reader.uint('version');
  if (version !== VERSION) throw reader.error('bad-version', `batch version ${version}, this reads ${VERSION}`);
  const header = readHeader(reader);
  const schema = readSchemaPart(reader);
  if (!schema.schemaBytes && bytes.length > ENCODED_BYTES_MAX) throw tooLong(bytes, ENCODED_BYTES_MAX);
  return { ...header, ...schema, ...readBody(reader) };
}

function tooLong(bytes: Uint8Array, max: number): DecodeError {
  return new DecodeError('batch/too-long', `a batch of ${bytes.length} bytes, at most ${max} are read`);
}

/** Whether the digest is that of this header, schema and body. */
export function verifyDigest(head: BatchHead): boolean {
  return hexOf(digestOf(head, bytesOf(head.schemaHash), head.codec, head.body)) === head.digest;
}

/**
 * Puts the schema into a batch that names it: the self-contained form, of the same identity and digest.
 * Throws RangeError where it is another schema.
 */
export function embedSchema(uplinkBytes: Uint8Array, schema: Schema): Uint8Array {
  const head = readHead(uplinkBytes);
  if (head.schemaHash !== schema.hash)
    throw new RangeError(`the batch names schema ${head.schemaHash}, not ${schema.hash}`);
  if (head.schemaBytes) return uplinkBytes;
  const writer = new CborWriter(uplinkBytes.length + schema.bytes.length);
  writer.array(4);
  writer.int(VERSION);
  writeHeader(writer, head, bytesOf(head.digest));
  writer.raw(schema.bytes);
  writeBody(writer, head.codec, head.body);
  return writer.finish();
}

/** The digest's input is the CBOR array [unit, vehicle, epoch, seq, clock, t0, codec, schema-hash, body]. */
function digestOf(header: BatchHeader, schemaHash: Uint8Array, codec: number, body: Uint8Array): Uint8Array {
  const writer = new CborWriter(body.length + 256);
  writer.array(9);
  writeIdentity(writer, header);
  writeClock(writer, header.clock);
  writer.int(header.t0Us);
  writer.int(codec);
  writer.bytes(schemaHash);
  writer.bytes(body);
  return createHash('sha256').update(writer.view()).digest().subarray(0, DIGEST_BYTES);
}

function writeHeader(writer: CborWriter, header: BatchHeader, digest: Uint8Array): void {
  writer.array(HEADER_ITEMS);
  writeIdentity(writer, header);
  writer.bytes(digest);
  writer.int(LANES.indexOf(header.lane));
  writeClock(writer, header.clock);
  writer.int(header.t0Us);
}

function writeIdentity(writer: CborWriter, header: BatchHeader): void {
  if (header.epoch.length !== EPOCH_BYTES)
    throw new RangeError(`epoch has ${header.epoch.length} bytes, not ${EPOCH_BYTES}`);
  for (const name of [header.unit, header.vehicle]) {
    if (Buffer.byteLength(name) > NAME_BYTES_MAX)
      throw new RangeError(`the name ${name.slice(0, 40)}… is longer than ${NAME_BYTES_MAX} bytes`);
    writer.text(name);
  }
  writer.bytes(header.epoch);
  writer.int(header.seq);
}

/** A clock with a boot is an array of three, one without of two. */
function writeClock(writer: CborWriter, clock: ClockStamp): void {
  writer.array(clock.boot ? 3 : 2);
  writer.int(CLOCKS.indexOf(clock.source));
  writer.int(Math.round(clock.uncertaintyUs));
  if (clock.boot) writer.bytes(clock.boot);
}

function readHeader(reader: CborReader): BatchHeader & { digest: string } {
  reader.array('header', HEADER_ITEMS, HEADER_ITEMS);
  const unit = reader.text('unit', NAME_BYTES_MAX);
  const vehicle = reader.text('vehicle', NAME_BYTES_MAX);
  const epoch = reader.byteString('epoch', EPOCH_BYTES);
  const seq = reader.uint('seq');
  if (seq === 0) throw reader.error('out-of-range', 'seq counts from 1');
  const digest = hexOf(reader.byteString('digest', DIGEST_BYTES));
  const lane = LANES[reader.uint('lane', LANES.length - 1)];
  const clock = readClock(reader);
  const t0Us = reader.int('t0');
  return { unit, vehicle, epoch, seq, digest, lane, clock, t0Us };
}

/** CBOR stands as it is, so that any CBOR library reads on; DEFLATE is in a byte string. */
function writeBody(writer: CborWriter, codec: number, body: Uint8Array): void {
  if (codec === CODEC_CBOR) writer.raw(body);
  else writer.bytes(body);
}

/** The body is the last item. As CBOR it is the rest of the message, which `decodeBody` walks to its end. */
function readBody(reader: CborReader): { codec: number; body: Uint8Array } {
  if (reader.peek() === ARRAY) return { codec: CODEC_CBOR, body: reader.rest() };
  const body = reader.byteString('body');
  reader.end();
  return { codec: CODEC_DEFLATE, body };
}

function readClock(reader: CborReader): ClockStamp {
  const items = reader.array('clock', 3, 2);
  const source = CLOCKS[reader.uint('clock source', CLOCKS.length - 1)];
  const uncertaintyUs = reader.uint('clock uncertainty');
  if (items === 2) return { source, uncertaintyUs };
  return { source, uncertaintyUs, boot: reader.byteString('boot', BOOT_BYTES) };
}

function readSchemaPart(reader: CborReader): { schemaHash: string; schemaBytes?: Uint8Array } {
  if (reader.peek() !== ARRAY) return { schemaHash: hexOf(reader.byteString('schema hash', HASH_BYTES)) };
  const start = reader.at;
  readSchema(reader);
  const schemaBytes = reader.bytes.subarray(start, reader.at);
  return { schemaHash: hashOf(schemaBytes), schemaBytes };
}
