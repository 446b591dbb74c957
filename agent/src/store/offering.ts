import type { Offer, Store } from '../ports.ts';
import { checksum, type FreezeRules, freeze, seal } from './content.ts';
import { type BatchRow, LANES, PAGE_BYTES } from './layout.ts';
import type { StoreFile } from './open.ts';

export type OfferRequest = Parameters<Store['offer']>[0];

export interface Offering {
  readonly offers: Offer[];
  /** Batches that are larger than the gateway takes; they stay. */
  readonly tooLarge: { readonly seq: number; readonly bytes: number }[];
  /** The codec gives other bytes than when the batch was first offered, by an older program: its identity is spent. */
  readonly resealed: boolean;
}

/**
 * Within a transaction: finds what goes next and seals it. A batch's mapping and digest are written before its bytes
 * are handed out, so that its identity never stands for other bytes, whatever happens next.
 * `bytesMax` bounds what is handed out and unanswered, since that cannot be evicted.
 */
export function makeOffers(
  file: StoreFile,
  request: OfferRequest,
  rules: FreezeRules,
  owner: { readonly unit: string; readonly epoch: string },
  bytesMax: number,
): Offering {
  const inFlight = new Set(request.inFlight);
  const result: Offering & { resealed: boolean } = { offers: [], tooLarge: [], resealed: false };
  let bytes = request.inFlight.reduce((sum, seq) => sum + footprint(file.queue.get(seq)?.bytes ?? 0), 0);
  for (const lane of LANES.filter((name) => request.lanes.includes(name))) {
    // What cannot fit whatever its header is must not take the place of what can.
    const isTooLarge = (row: BatchRow): boolean => {
      if (row.bytes <= request.bytesMax) return false;
      result.tooLarge.push({ seq: row.seq, bytes: row.bytes });
      return true;
    };
    const wanted = (row: BatchRow): boolean =>
      !inFlight.has(row.seq) && !isTooLarge(row) && freeze(row, rules) !== undefined;
    for (const row of file.queue.newest(lane, request.limit - result.offers.length, wanted)) {
      if (bytes + footprint(row.bytes) > bytesMax) return result;
      const sealed = sealRow(file, row, rules, owner);
      if (!sealed) continue;
      if (row.digest !== null && row.digest !== sealed.digest) {
        result.resealed = true;
        return result;
      }
      if (sealed.bytes.length > request.bytesMax) {
        result.tooLarge.push({ seq: row.seq, bytes: sealed.bytes.length });
        continue;
      }
      const { clock, sentT0Us, uncertaintyUs } = sealed.frozen;
      if (row.digest === null) file.queue.setFrozen(row.id, clock, sentT0Us, uncertaintyUs, sealed.digest);
      bytes += footprint(row.bytes);
      result.offers.push({ seq: row.seq, lane, schemaHash: row.hash, bytes: sealed.bytes });
    }
  }
  return result;
}

/** Bytes of the pages that a body takes, at most. */
function footprint(bodyBytes: number): number {
  return Math.ceil(bodyBytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Undefined where the body is not what was written: it becomes a gap. */
function sealRow(
  file: StoreFile,
  row: BatchRow,
  rules: FreezeRules,
  owner: { readonly unit: string; readonly epoch: string },
) {
  const body = file.queue.body(row.id);
  const frozen = freeze(row, rules)!;
  if (body && checksum(row, row.hash, body) === row.crc) return { ...seal(row, body, frozen, owner), frozen };
  file.queue.delete(row.id);
  file.records.mark(file.present.ordinal, row.seq, row.seq, 'corrupt', 'the body did not read back as written');
  file.records.notice('batch-corrupt', { seq: row.seq, readings: row.readings });
  return undefined;
}
