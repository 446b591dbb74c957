import { type Packet, parser } from 'mqtt-packet';
import { MALFORMED_PACKET, MqttError } from './reasons.ts';

export type ProtocolVersion = 4 | 5;

/**
 * Reads one whole packet with mqtt-packet. It gets exactly the packet's bytes and nothing behind them: its readers
 * look as far as their buffer goes, and would take a short packet's missing bytes from the next one.
 */
export class PacketReader {
  readonly #parser = parser();
  #packet: Packet | undefined;
  #error: Error | undefined;

  constructor() {
    this.#parser.on('packet', (packet) => {
      this.#packet = packet;
    });
    // mqtt-packet goes on after its first error and may find more: the first says most.
    this.#parser.on('error', (error) => {
      this.#error ??= error;
    });
  }

  /** Throws MqttError 0x81 on anything that is not one well-formed packet. The payload is a view into `bytes`. */
  read(bytes: Buffer): Packet {
    this.#packet = undefined;
    this.#error = undefined;
    let left: number;
    try {
      left = this.#parser.parse(bytes);
    } catch (error) {
      throw new MqttError(MALFORMED_PACKET, `malformed packet: ${(error as Error).message}`);
    }
    // Set from the handlers above, which the compiler does not see.
    const failure = this.#error as Error | undefined;
    if (failure) throw new MqttError(MALFORMED_PACKET, `malformed packet: ${failure.message}`);
    const packet = this.#packet as Packet | undefined;
    if (!packet || left !== 0) throw new MqttError(MALFORMED_PACKET, 'malformed packet: its length is wrong');
    return packet;
  }
}
