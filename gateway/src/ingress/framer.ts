import type { Budget } from './budget.ts';
import { MALFORMED_PACKET, MqttError, PACKET_TOO_LARGE, QUOTA_EXCEEDED } from './reasons.ts';

/** First room for a packet that arrives in pieces; it doubles, so a large claim costs nothing until the bytes come. */
const ASSEMBLY_BYTES_MIN = 1024;

/**
 * Cuts a byte stream into MQTT control packets, before anything is parsed or kept.
 *
 * MQTT 5 §2.1.1: byte 1 is type and flags; then the Remaining Length, a variable byte integer of one to four bytes
 * (§1.5.5) in its shortest form. A packet beyond `packetBytesMax` is refused on these bytes alone.
 *
 * A packet that lies whole in a chunk is a view of it; one in pieces is assembled once, within `assembly`.
 */
export class PacketFramer {
  /** Largest packet, fixed header included. */
  packetBytesMax: number;
  readonly #assembly: Budget;
  #chunk: Uint8Array | undefined;
  #at = 0;
  /** The beginning of a packet whose rest is still to come. */
  #partial: Buffer | undefined;
  #partialLength = 0;

  constructor(packetBytesMax: number, assembly: Budget) {
    this.packetBytesMax = packetBytesMax;
    this.#assembly = assembly;
  }

  /** Whether bytes are left that `next` has not looked at. */
  get hasInput(): boolean {
    return this.#chunk !== undefined;
  }

  /** Hands over the next bytes of the stream. Only when `next` has returned undefined: one chunk is held at a time. */
  push(chunk: Uint8Array): void {
    if (this.#chunk) throw new Error('the framer still holds a chunk: call next until it returns undefined');
    if (chunk.length === 0) return;
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next whole packet, or undefined where more bytes are needed. Throws MqttError. */
  next(): Buffer | undefined {
    if (!this.#chunk) return undefined;
    return this.#partial ? this.#continue() : this.#fromChunk(this.#chunk);
  }

  /** Forgets everything and gives its memory back. */
  clear(): void {
    this.#chunk = undefined;
    this.#dropPartial();
  }

  #fromChunk(chunk: Uint8Array): Buffer | undefined {
    const left = chunk.length - this.#at;
    const total = packetLength(chunk, this.#at, left, this.packetBytesMax);
    if (total === 0 || total > left) {
      this.#store(left);
      return undefined;
    }
    const packet = Buffer.from(chunk.buffer, chunk.byteOffset + this.#at, total);
    this.#advance(total);
    return packet;
  }

  #continue(): Buffer | undefined {
    // The length may be cut too: take its bytes one by one until it is known.
    let total = packetLength(this.#partial!, 0, this.#partialLength, this.packetBytesMax);
    while (total === 0 && this.#chunk) {
      this.#store(1);
      total = packetLength(this.#partial!, 0, this.#partialLength, this.packetBytesMax);
    }
    if (!this.#chunk && total !== this.#partialLength) return undefined;
    const missing = total - this.#partialLength;
    const here = this.#chunk ? Math.min(missing, this.#chunk.length - this.#at) : 0;
    if (here > 0) this.#store(here);
    if (here < missing) return undefined;
    const packet = this.#partial!.subarray(0, total);
    this.#dropPartial();
    return packet;
  }

  /** Moves `bytes` from the chunk to the partial packet. */
  #store(bytes: number): void {
    const needed = this.#partialLength + bytes;
    if (!this.#partial || needed > this.#partial.length) this.#grow(needed);
    this.#partial!.set(this.#chunk!.subarray(this.#at, this.#at + bytes), this.#partialLength);
    this.#partialLength = needed;
    this.#advance(bytes);
  }

  #grow(needed: number): void {
    const capacity = this.#partial?.length ?? 0;
    const wanted = Math.min(Math.max(needed, 2 * capacity, ASSEMBLY_BYTES_MIN), Math.max(needed, this.packetBytesMax));
    if (!this.#assembly.tryTake(wanted - capacity))
      throw new MqttError(QUOTA_EXCEEDED, 'too many packets arrive in pieces at once: connect again and resend');
    const grown = Buffer.allocUnsafeSlow(wanted);
    this.#partial?.copy(grown, 0, 0, this.#partialLength);
    this.#partial = grown;
  }

  #advance(bytes: number): void {
    this.#at += bytes;
    if (this.#at === this.#chunk!.length) this.#chunk = undefined;
  }

  #dropPartial(): void {
    if (this.#partial) this.#assembly.release(this.#partial.length);
    this.#partial = undefined;
    this.#partialLength = 0;
  }
}

/** Length of the packet that begins at `at`, fixed header included; 0 where its length is not whole yet. */
function packetLength(bytes: Uint8Array, at: number, available: number, packetBytesMax: number): number {
  let remaining = 0;
  for (let i = 1; i < available; i++) {
    const byte = bytes[at + i];
    remaining += (byte & 0x7f) * 128 ** (i - 1);
    // Refused as soon as it is certain, the last byte of the length not needed.
    if (remaining + i + 1 > packetBytesMax)
      throw new MqttError(PACKET_TOO_LARGE, `the packet is longer than ${packetBytesMax} bytes`);
    if (byte < 0x80) {
      if (byte === 0 && i > 1)
        throw new MqttError(MALFORMED_PACKET, 'the remaining length is not in its shortest form');
      return 1 + i + remaining;
    }
    if (i === 4) throw new MqttError(MALFORMED_PACKET, 'the remaining length has more than four bytes');
  }
  return 0;
}
