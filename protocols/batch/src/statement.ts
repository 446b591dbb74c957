import { DecodeError } from '@iot/wire';
import { ENCODED_BYTES_MAX, EPOCH_BYTES, NAME_BYTES_MAX, RANGES_MAX } from './limits.ts';
import { CborReader } from './read.ts';
import type { Gap, GapReason, SeqRange, Statement } from './types.ts';
import { CborWriter } from './write.ts';

const VERSION = 1;
/** Numbers on the wire: append only. */
const REASONS: readonly GapReason[] = ['evicted', 'refused', 'corrupt', 'tail-unknown'];
type Account = NonNullable<Statement['predecessor']>;

/** `[1, unit, vehicle, account, predecessor / null, [batches, bytes, oldest / null], time / null]`. */
export function encodeStatement(statement: Statement): Uint8Array {
  const writer = new CborWriter();
  writer.array(7);
  writer.int(VERSION);
  writer.text(statement.unit);
  writer.text(statement.vehicle);
  writeAccount(writer, statement);
  if (statement.predecessor) writeAccount(writer, statement.predecessor);
  else writer.null();
  writer.array(3);
  writer.int(statement.depth.batches);
  writer.int(statement.depth.bytes);
  writeOptional(writer, statement.depth.oldestUs);
  writeOptional(writer, statement.timeUs);
  return writer.finish();
}

/** Reads a statement that came from outside. Throws DecodeError, also where it accounts for a seq that it says was never given. */
export function decodeStatement(bytes: Uint8Array): Statement {
  if (bytes.length > ENCODED_BYTES_MAX)
    throw new DecodeError(
      'batch/too-long',
      `a statement of ${bytes.length} bytes, at most ${ENCODED_BYTES_MAX} are read`,
    );
  const reader = new CborReader(bytes);
  reader.array('statement', 7, 7);
  const version = reader.uint('version');
  if (version !== VERSION) throw reader.error('bad-version', `statement version ${version}, this reads ${VERSION}`);
  const unit = reader.text('unit', NAME_BYTES_MAX);
  const vehicle = reader.text('vehicle', NAME_BYTES_MAX);
  const account = readAccount(reader);
  const predecessor = reader.null() ? undefined : readAccount(reader);
  reader.array('depth', 3, 3);
  const batches = reader.uint('batches');
  const depthBytes = reader.uint('bytes');
  const oldestUs = reader.null() ? undefined : reader.int('oldest');
  const timeUs = reader.null() ? undefined : reader.int('time');
  reader.end();
  const depth = { batches, bytes: depthBytes, ...(oldestUs === undefined ? {} : { oldestUs }) };
  return {
    unit,
    vehicle,
    ...account,
    ...(predecessor ? { predecessor } : {}),
    depth,
    ...(timeUs === undefined ? {} : { timeUs }),
  };
}

/** `[epoch, next seq, accepted ranges, gaps]`. */
function writeAccount(writer: CborWriter, account: Account): void {
  writer.array(4);
  writer.bytes(account.epoch);
  writer.int(account.nextSeq);
  writeRanges(writer, account.accepted);
  writer.array(account.gaps.length);
  for (const gap of account.gaps) {
    writer.array(gap.detail === undefined ? 3 : 4);
    writer.int(gap.from);
    writer.int(gap.to);
    writer.int(REASONS.indexOf(gap.reason));
    if (gap.detail !== undefined) writer.text(gap.detail);
  }
}

function readAccount(reader: CborReader): Account {
  reader.array('account', 4, 4);
  const epoch = reader.byteString('epoch', EPOCH_BYTES).slice();
  const nextSeq = reader.uint('next seq');
  const accepted = readRanges(reader);
  const gaps: Gap[] = [];
  let after = 0;
  for (let left = reader.array('gaps', RANGES_MAX); left > 0; left--) {
    const items = reader.array('gap', 4, 3);
    const [from, to] = readRange(reader, after);
    const reason = REASONS[reader.uint('reason', REASONS.length - 1)];
    gaps.push(items === 3 ? { from, to, reason } : { from, to, reason, detail: reader.text('detail') });
    after = to;
  }
  const highest = Math.max(accepted.at(-1)?.[1] ?? 0, after);
  if (highest > 0 && highest >= nextSeq)
    throw reader.error('out-of-range', `the account reaches seq ${highest}, but its next seq is ${nextSeq}`);
  return { epoch, nextSeq, accepted, gaps };
}

/** `[* [from, to]]`, inclusive, ascending, disjoint. */
export function writeRanges(writer: CborWriter, ranges: readonly SeqRange[]): void {
  writer.array(ranges.length);
  for (const [from, to] of ranges) {
    writer.array(2);
    writer.int(from);
    writer.int(to);
  }
}

export function readRanges(reader: CborReader): SeqRange[] {
  const ranges: SeqRange[] = [];
  let after = 0;
  for (let left = reader.array('ranges', RANGES_MAX); left > 0; left--) {
    reader.array('range', 2, 2);
    const range = readRange(reader, after);
    ranges.push(range);
    after = range[1];
  }
  return ranges;
}

function readRange(reader: CborReader, after: number): SeqRange {
  const from = reader.uint('first seq');
  const to = reader.uint('last seq');
  if (from <= after || to < from)
    throw reader.error('out-of-range', `range ${from} to ${to} is not ascending and disjoint from 1`);
  return [from, to];
}

function writeOptional(writer: CborWriter, value: number | undefined): void {
  if (value === undefined) writer.null();
  else writer.int(Math.round(value));
}
