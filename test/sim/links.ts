import { connect, createServer, type Server, type Socket } from 'node:net';

/** How a link is cut: as by a reset, or as a radio that goes silent, where neither side hears anything. */
export type CutMode = 'reset' | 'silent';

export interface LinkOptions {
  readonly unit: string;
  readonly to: { readonly host: string; readonly port: number };
  /** Port on loopback; default 0, a free one. */
  readonly port?: number;
  /** Added on the way, each direction. */
  readonly delayMs?: number;
  /** Each direction, of all connections together. */
  readonly bytesPerSecond?: number;
}

/** Bytes of one direction that may be under way in a link; the sender's TCP feels the rest. */
const UNDER_WAY_BYTES_MAX = 256 * 1024;

interface Pair {
  readonly unit: Socket;
  readonly gateway: Socket;
}

/** A unit's link to its gateway: a TCP relay on loopback that can be cut and restored, slowed and delayed. */
export class Link {
  readonly unit: string;
  readonly #options: LinkOptions;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Connections that a silent link has taken and does not answer. */
  readonly #waiting = new Set<Socket>();
  #cut: CutMode | undefined;
  /** When the last byte of each direction will have passed, ms: what makes the rate. */
  readonly #freeAtMs = { up: 0, down: 0 };
  #carriedBytes = 0;

  private constructor(options: LinkOptions, server: Server) {
    this.unit = options.unit;
    this.#options = options;
    this.#server = server;
    server.on('connection', (socket) => this.#admit(socket));
  }

  static listen(options: LinkOptions): Promise<Link> {
    const server = createServer({ allowHalfOpen: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', () => resolve(new Link(options, server)));
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get up(): boolean {
    return this.#cut === undefined;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  /** Until `restore`, nothing passes: connections are reset and new ones refused, or everything just falls silent. */
  cut(mode: CutMode = 'reset'): void {
    this.#cut = mode;
    if (mode === 'reset') this.#drop();
    else for (const { unit, gateway } of this.#pairs) for (const socket of [unit, gateway]) socket.pause();
  }

  /** Lets connections pass again. What was connected before a cut stays lost: its bytes are gone. */
  restore(): void {
    if (this.#cut === undefined) return;
    this.#cut = undefined;
    this.#drop();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#drop();
    await closed;
  }

  #drop(): void {
    for (const { unit, gateway } of this.#pairs) for (const socket of [unit, gateway]) socket.resetAndDestroy();
    for (const socket of this.#waiting) socket.resetAndDestroy();
    this.#waiting.clear();
    this.#pairs.clear();
  }

  #admit(unit: Socket): void {
    unit.on('error', () => unit.destroy());
    if (this.#cut === 'reset') {
      unit.resetAndDestroy();
      return;
    }
    if (this.#cut === 'silent') {
      this.#waiting.add(unit);
      unit.on('close', () => this.#waiting.delete(unit));
      return;
    }
    const gateway = connect({ ...this.#options.to, allowHalfOpen: true });
    const pair = { unit, gateway };
    this.#pairs.add(pair);
    gateway.on('error', () => unit.resetAndDestroy());
    for (const socket of [unit, gateway]) {
      socket.setNoDelay(true);
      socket.on('close', () => this.#pairs.delete(pair));
    }
    this.#relay(unit, gateway, 'up');
    this.#relay(gateway, unit, 'down');
  }

  #relay(from: Socket, to: Socket, direction: 'up' | 'down'): void {
    const { delayMs = 0, bytesPerSecond } = this.#options;
    const isPlain = delayMs === 0 && bytesPerSecond === undefined;
    let underWay = 0;
    const pass = (bytes: Buffer): void => {
      if (to.destroyed || this.#cut !== undefined) return;
      this.#carriedBytes += bytes.length;
      const hasRoom = to.write(bytes);
      if (!hasRoom) {
        from.pause();
        to.once('drain', () => this.#cut === undefined && from.resume());
      }
    };
    from.on('data', (bytes) => {
      if (isPlain) return pass(bytes);
      underWay += bytes.length;
      if (underWay > UNDER_WAY_BYTES_MAX) from.pause();
      setTimeout(() => {
        underWay -= bytes.length;
        pass(bytes);
        if (underWay <= UNDER_WAY_BYTES_MAX && this.#cut === undefined && !to.writableNeedDrain) from.resume();
      }, this.#waitMs(bytes.length, direction) + delayMs);
    });
    // An end follows the bytes that are still under way.
    from.on('end', () => setTimeout(() => to.end(), isPlain ? 0 : this.#waitMs(0, direction) + delayMs));
    from.on('close', (hadError) => hadError && to.resetAndDestroy());
  }

  /** Until `bytes` more have passed at the link's rate. */
  #waitMs(bytes: number, direction: 'up' | 'down'): number {
    const { bytesPerSecond } = this.#options;
    if (bytesPerSecond === undefined) return 0;
    const nowMs = performance.now();
    this.#freeAtMs[direction] = Math.max(nowMs, this.#freeAtMs[direction]) + (bytes * 1000) / bytesPerSecond;
    return this.#freeAtMs[direction] - nowMs;
  }
}
