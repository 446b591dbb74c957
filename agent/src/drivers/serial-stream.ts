import { BackOff } from '@iot/host';
import { SerialPort } from 'serialport';
import type { ByteStream, Clock } from '../ports.ts';

export interface SerialStreamOptions {
  readonly name: string;
  readonly device: string;
  readonly baudRate: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A receiver on a serial port. A port that is unplugged, or appears late, is opened again by itself. */
export class SerialStream implements ByteStream {
  readonly name: string;
  readonly ended = new Promise<void>(() => {});
  readonly #options: SerialStreamOptions;
  readonly #backOff: BackOff;
  #onBytes: (bytes: Uint8Array, bootUs: number) => void = () => {};
  #port: SerialPort | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;
  #cancelRetry: (() => void) | undefined;
  #receivedBytes = 0;
  #detail: string | undefined = 'not opened yet';

  constructor(options: SerialStreamOptions) {
    this.name = options.name;
    this.#options = options;
    this.#backOff = new BackOff({ firstMs: 250, maxMs: 10_000, random: options.random });
  }

  async open(onBytes: (bytes: Uint8Array, bootUs: number) => void): Promise<void> {
    this.#onBytes = onBytes;
    this.#opening = this.#connect();
    await this.#opening;
  }

  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port;
    if (!port?.isOpen) return Promise.reject(new Error(`${this.name}: not open: ${this.#detail}`));
    return new Promise((resolve, reject) => {
      port.write(Buffer.from(bytes), (error) => (error ? reject(error) : resolve()));
    });
  }

  health() {
    const state = this.#port?.isOpen ? 'up' : 'down';
    return { state, receivedBytes: this.#receivedBytes, detail: this.#detail } as const;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    await this.#opening;
    this.#detail = 'closed';
    const port = this.#port;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }

  /** Resolves when the attempt is over, however it ended. */
  #connect(): Promise<void> {
    const { device, baudRate, clock } = this.#options;
    const port = new SerialPort({ path: device, baudRate, autoOpen: false });
    this.#port = port;
    port.on('data', (bytes: Buffer) => {
      if (this.#closed) return;
      this.#receivedBytes += bytes.length;
      this.#onBytes(bytes, clock.bootUs());
    });
    port.on('error', (error) => {
      this.#detail = `${device}: ${error.message}; trying again`;
    });
    port.on('close', () => {
      this.#detail ??= `${device} was unplugged; trying again`;
      this.#retry();
    });
    return new Promise((resolve) => {
      port.open((error) => {
        this.#detail = error ? explain(device, error) : undefined;
        if (error) this.#retry();
        else this.#backOff.reset();
        resolve();
      });
    });
  }

  #retry(): void {
    if (this.#closed) return;
    this.#cancelRetry = this.#options.clock.setTimer(this.#backOff.nextMs(), () => {
      this.#opening = this.#connect();
    });
  }
}

function explain(device: string, error: Error): string {
  if (/no such file/i.test(error.message))
    return `${device}: there is no such port: is the receiver plugged in? \`ls /dev/serial/by-id\` lists those there are; trying again`;
  if (/permission denied/i.test(error.message))
    return `${device}: this user may not open it: \`usermod -aG dialout USER\`; trying again`;
  if (/lock/i.test(error.message)) return `${device}: another program has it open; trying again`;
  return `${device}: ${error.message}; trying again`;
}
