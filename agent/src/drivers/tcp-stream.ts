import { connect, type Socket } from 'node:net';
import { BackOff } from '@iot/host';
import type { ByteStream, Clock } from '../ports.ts';

/** A receiver that says nothing for this long is taken for gone: TCP itself may not notice for hours. */
const SILENCE_MS = 30_000;

export interface TcpStreamOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A receiver's bytes over TCP, as client. Connects again by itself. */
export class TcpStream implements ByteStream {
  readonly name: string;
  readonly ended = new Promise<void>(() => {});
  readonly #options: TcpStreamOptions;
  readonly #backOff: BackOff;
  #onBytes: (bytes: Uint8Array, bootUs: number) => void = () => {};
  #socket: Socket | undefined;
  #up = false;
  #closed = false;
  #cancelRetry: (() => void) | undefined;
  #receivedBytes = 0;
  #detail: string | undefined = 'not opened yet';

  constructor(options: TcpStreamOptions) {
    this.name = options.name;
    this.#options = options;
    this.#backOff = new BackOff({ firstMs: 250, maxMs: 10_000, random: options.random });
  }

  async open(onBytes: (bytes: Uint8Array, bootUs: number) => void): Promise<void> {
    this.#onBytes = onBytes;
    this.#connect();
  }

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (!this.#up || !socket) return Promise.reject(new Error(`${this.name}: not connected: ${this.#detail}`));
    return new Promise((resolve, reject) => {
      socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  health() {
    return { state: this.#up ? 'up' : 'down', receivedBytes: this.#receivedBytes, detail: this.#detail } as const;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    const socket = this.#socket;
    if (socket) {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.destroy();
      await closed;
    }
    this.#detail = 'closed';
  }

  #connect(): void {
    const { host, port, clock } = this.#options;
    const socket = connect({ host, port });
    this.#socket = socket;
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`)));
    socket.on('connect', () => {
      this.#up = true;
      this.#detail = undefined;
      this.#backOff.reset();
    });
    socket.on('data', (bytes) => {
      this.#receivedBytes += bytes.length;
      this.#onBytes(bytes, clock.bootUs());
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#detail = explain(host, port, error);
    });
    socket.on('close', () => {
      this.#up = false;
      this.#detail ??= `${host}:${port} closed the connection; trying again`;
      this.#socket = undefined;
      if (!this.#closed) this.#cancelRetry = clock.setTimer(this.#backOff.nextMs(), () => this.#connect());
    });
  }
}

function explain(host: string, port: number, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${host}:${port}: is the receiver's server running? trying again`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} cannot be resolved; trying again`;
    case 'ECONNRESET':
      return `${host}:${port} reset the connection; trying again`;
    default:
      return `${host}:${port}: ${error.message}; trying again`;
  }
}
