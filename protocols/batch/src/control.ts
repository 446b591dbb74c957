import { DecodeError } from '@iot/wire';
import { bytesOf, hexOf } from './hex.ts';
import { ENCODED_BYTES_MAX, EPOCH_BYTES, HASH_BYTES } from './limits.ts';
import { CborReader } from './read.ts';
import { readRanges, writeRanges } from './statement.ts';
import type { Control } from './types.ts';
import { CborWriter } from './write.ts';

const VERSION = 1;
/** Numbers on the wire: append only. */
const KINDS: readonly Control['kind'][] = ['schema-wanted', 'resend', 'conflict', 'refused'];

/** `[1, kind, …]`: what a gateway says to a unit outside of acknowledgements. */
export function encodeControl(control: Control): Uint8Array {
  const writer = new CborWriter();
  writer.array({ 'schema-wanted': 3, resend: 4, conflict: 4, refused: 5 }[control.kind]);
  writer.int(VERSION);
  writer.int(KINDS.indexOf(control.kind));
  if (control.kind === 'schema-wanted') {
    writer.bytes(bytesOf(control.hash));
    return writer.finish();
  }
  writer.bytes(control.epoch);
  if (control.kind === 'resend') writeRanges(writer, control.ranges);
  else writer.int(control.seq);
  if (control.kind === 'refused') writer.text(control.detail);
  return writer.finish();
}

/** Reads a control message that came from outside. Throws DecodeError. */
export function decodeControl(bytes: Uint8Array): Control {
  if (bytes.length > ENCODED_BYTES_MAX)
    throw new DecodeError(
      'batch/too-long',
      `a control message of ${bytes.length} bytes, at most ${ENCODED_BYTES_MAX} are read`,
    );
  const reader = new CborReader(bytes);
  const items = reader.array('control', 5, 3);
  const version = reader.uint('version');
  if (version !== VERSION) throw reader.error('bad-version', `control version ${version}, this reads ${VERSION}`);
  const kind = KINDS[reader.uint('kind', KINDS.length - 1)];
  const expected = { 'schema-wanted': 3, resend: 4, conflict: 4, refused: 5 }[kind];
  if (items !== expected) throw reader.error('out-of-range', `${kind} has ${items} items, not ${expected}`);
  const control = readControl(reader, kind);
  reader.end();
  return control;
}

function readControl(reader: CborReader, kind: Control['kind']): Control {
  if (kind === 'schema-wanted') return { kind, hash: hexOf(reader.byteString('schema hash', HASH_BYTES)) };
  const epoch = reader.byteString('epoch', EPOCH_BYTES).slice();
  if (kind === 'resend') return { kind, epoch, ranges: readRanges(reader) };
  const seq = reader.uint('seq');
  if (kind === 'conflict') return { kind, epoch, seq };
  return { kind, epoch, seq, detail: reader.text('detail') };
}
