import { crc32 } from 'node:zlib';
import { type BatchHeader, bytesOf, type ClockStamp, type EncodedBody, hexOf, sealBatch } from '@iot/batch';
import type { ClockMapping, NewBatch } from '../ports.ts';
import { type BatchRow, type ContentRow, LANES } from './layout.ts';

/** A batch's content as it goes into the file. Times are whole µs. */
export function contentOf(batch: NewBatch): ContentRow {
  const content = {
    lane: LANES.indexOf(batch.lane),
    vehicle: batch.vehicle,
    boot: batch.boot ?? null,
    t0_us: Math.round(batch.t0Us),
    end_us: Math.round(batch.endUs),
    codec: batch.body.codec,
    readings: batch.body.readings,
  };
  return { ...content, crc: checksum(content, batch.schema.hash, batch.body.bytes) };
}

/** CRC-32 over what never changes in a batch, before there is a digest: what is salvaged must be what was written. */
export function checksum(content: Omit<ContentRow, 'crc'>, schemaHash: string, body: Uint8Array): number {
  const { vehicle, boot, t0_us, end_us, codec, readings } = content;
  const text = JSON.stringify([vehicle, boot && hexOf(boot), t0_us, end_us, codec, readings, schemaHash]);
  return crc32(body, crc32(text));
}

/** How a batch's capture times become what is sent. */
export interface Frozen {
  readonly clock: ClockStamp['source'];
  readonly sentT0Us: number;
  readonly uncertaintyUs: number;
}

export interface FreezeRules {
  readonly mappings: readonly ClockMapping[];
  readonly waitedOutUs: number;
  /** Hex, of the present boot. */
  readonly bootId: string;
}

/** The mapping for a batch that is offered for the first time; undefined where it must still wait for a clock. */
export function freeze(row: BatchRow, { mappings, waitedOutUs, bootId }: FreezeRules): Frozen | undefined {
  if (row.clock !== null)
    return { clock: row.clock, sentT0Us: row.sent_t0_us ?? row.t0_us, uncertaintyUs: row.uncertainty_us ?? 0 };
  if (row.boot === null) return { clock: 'log', sentT0Us: row.t0_us, uncertaintyUs: 0 };
  const boot = hexOf(row.boot);
  const mapping = mappings.find((candidate) => hexOf(candidate.boot) === boot);
  if (mapping)
    return {
      clock: mapping.source,
      sentT0Us: Math.round(row.t0_us + mapping.offsetUs),
      uncertaintyUs: Math.round(mapping.uncertaintyUs),
    };
  const mayWait = boot === bootId && LANES[row.lane] !== 'alert' && row.end_us >= waitedOutUs;
  return mayWait ? undefined : { clock: 'none', sentT0Us: row.t0_us, uncertaintyUs: 0 };
}

/** The batch as it goes out. The same row, mapping and epoch give the same bytes but for the lane, and the same digest. */
export function seal(
  row: BatchRow,
  body: Uint8Array,
  frozen: Frozen,
  owner: { readonly unit: string; readonly epoch: string },
): { bytes: Uint8Array; digest: string } {
  const clock: ClockStamp = {
    source: frozen.clock,
    uncertaintyUs: frozen.uncertaintyUs,
    ...(frozen.clock === 'none' && row.boot && { boot: row.boot }),
  };
  const header: BatchHeader = {
    unit: owner.unit,
    vehicle: row.vehicle,
    epoch: bytesOf(owner.epoch),
    seq: row.seq,
    lane: LANES[row.lane],
    clock,
    t0Us: frozen.sentT0Us,
  };
  return sealBatch(header, row.hash, bodyOf(row, body));
}

export function bodyOf(content: Pick<ContentRow, 'codec' | 'readings'>, bytes: Uint8Array): EncodedBody {
  return { codec: content.codec, readings: content.readings, bytes };
}
