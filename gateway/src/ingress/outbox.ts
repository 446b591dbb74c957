import { generate, type Packet } from 'mqtt-packet';
import type { ProtocolVersion } from './codec.ts';

const PUBACK = 0x40;

/** Bytes on their way to one client, gathered until they are taken: one write carries the acknowledgements of a tick. */
export class Outbox {
  #bytes: Buffer | undefined;
  #used = 0;

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /** §3.4: two bytes of packet identifier; without a reason code it means success, in 3.1.1 and in 5. */
  puback(messageId: number): void {
    const at = this.#reserve(4);
    const bytes = this.#bytes!;
    bytes[at] = PUBACK;
    bytes[at + 1] = 2;
    bytes[at + 2] = messageId >> 8;
    bytes[at + 3] = messageId & 0xff;
  }

  /** Adds a packet; false, and nothing added, where it is longer than the client takes. */
  packet(packet: Packet, version: ProtocolVersion, bytesMax: number): boolean {
    const encoded = generate(packet, { protocolVersion: version });
    if (encoded.length > bytesMax) return false;
    const at = this.#reserve(encoded.length);
    encoded.copy(this.#bytes!, at);
    return true;
  }

  /** What is to be written, or undefined. It is the caller's from then on. */
  take(): Buffer | undefined {
    if (this.#used === 0) return undefined;
    const taken = this.#bytes!.subarray(0, this.#used);
    this.#bytes = undefined;
    this.#used = 0;
    return taken;
  }

  #reserve(length: number): number {
    const at = this.#used;
    this.#used += length;
    if (!this.#bytes) this.#bytes = Buffer.allocUnsafe(Math.max(64, length));
    else if (this.#used > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(2 * this.#used);
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    return at;
  }
}
