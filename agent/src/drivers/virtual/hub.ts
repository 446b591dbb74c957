import { lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { DriverError } from '../error.ts';
import { ProcessLock } from './lock.ts';
import { overflowRecord, RECORD_BYTES, RecordSplitter } from './record.ts';

/** Bytes that may wait for one slow member; what does not fit is dropped for it, and it is told how much. */
const MEMBER_BYTES_MAX = 4 * 1024 ** 2;

interface Member {
  readonly socket: Socket;
  dropped: number;
}

/** The middle of a virtual bus: what one member sends, every other receives. Who has the lock is the hub. */
export class Hub {
  readonly #server: Server;
  readonly #lock: ProcessLock;
  readonly #members = new Set<Member>();

  private constructor(server: Server, lock: ProcessLock) {
    this.#server = server;
    this.#lock = lock;
    server.on('connection', (socket) => this.#admit(socket));
  }

  /** Becomes the hub of a path; undefined where another is, or is about to be. @throws DriverError, or the system's error */
  static async listen(path: string): Promise<Hub | undefined> {
    const lock = ProcessLock.tryTake(`${path}.lock`);
    if (!lock) return undefined;
    try {
      // A living hub would have the lock: this socket is a dead one's.
      removeSocket(path);
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, resolve);
      });
      return new Hub(server, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.#members) socket.destroy();
    await closed;
    this.#lock.release();
  }

  #admit(socket: Socket): void {
    const member: Member = { socket, dropped: 0 };
    const splitter = new RecordSplitter();
    this.#members.add(member);
    socket.on('data', (chunk) => this.#relay(member, splitter.take(chunk)));
    socket.on('drain', () => {
      if (member.dropped > 0) socket.write(overflowRecord(member.dropped));
      member.dropped = 0;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#members.delete(member));
  }

  #relay(from: Member, records: Buffer): void {
    if (records.length === 0) return;
    for (const member of this.#members) {
      if (member === from) continue;
      if (member.socket.writableLength + records.length > MEMBER_BYTES_MAX) {
        member.dropped += records.length / RECORD_BYTES;
      } else {
        member.socket.write(records);
      }
    }
  }
}

function removeSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isSocket()) {
    throw new DriverError(`${path} is there and is no socket: name another path for the bus, or remove it`);
  }
  rmSync(path, { force: true });
}
