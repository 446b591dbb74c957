import { createServer, type Server, type Socket } from 'node:net';

/** Bytes that may wait for a client that does not read: a receiver does not wait either. */
const WAITING_BYTES_MAX = 64 * 1024;

/** A receiver on the network: everyone who connects gets every sentence from then on. */
export class GnssFeed {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#clients.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#clients.delete(socket));
      socket.resume();
    });
  }

  /** Listens on loopback; port 0 takes a free one. */
  static listen(port: number): Promise<GnssFeed> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(new GnssFeed(server)));
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get clients(): number {
    return this.#clients.size;
  }

  send(sentences: string): void {
    for (const socket of this.#clients) {
      if (socket.writableLength < WAITING_BYTES_MAX) socket.write(sentences, 'latin1');
    }
  }

  /** Ends all connections, as a receiver that loses power. */
  disconnect(): void {
    for (const socket of this.#clients) socket.destroy();
  }

  close(): Promise<void> {
    this.disconnect();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
