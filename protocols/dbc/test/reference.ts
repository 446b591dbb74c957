import type { DbcSignal } from '../src/index.ts';

/** The plain, slow way to a signal's bits: one at a time, as the DBC numbers them. What compiled decoders are held against. */
export function referenceRaw({ startBit, bitLength, littleEndian, signed }: DbcSignal, data: Uint8Array): bigint {
  let value = 0n;
  let bit = startBit;
  for (let i = 0; i < bitLength; i++) {
    const isSet = BigInt((data[bit >> 3] >> (bit & 7)) & 1);
    if (littleEndian) {
      value |= isSet << BigInt(i);
      bit++;
    } else {
      value = (value << 1n) | isSet;
      // Downwards within a byte, then on at the top of the next.
      bit = (bit & 7) === 0 ? bit + 15 : bit - 1;
    }
  }
  return signed ? BigInt.asIntN(bitLength, value) : value;
}
