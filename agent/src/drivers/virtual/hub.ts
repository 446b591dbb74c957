import { renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { overflowRecord, RECORD_BYTES, RecordSplitter } from './record.ts';

/** Bytes that may wait for one slow member; what does not fit is dropped for it, and it is told how much. */
const MEMBER_BYTES_MAX = 4 * 1024 ** 2;

interface Member {
  readonly socket: Socket;
  dropped: number;
}

/** The middle of a virtual bus: what one member sends, every other receives. */
export class Hub {
  readonly #server: Server;
  readonly #members = new Set<Member>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#admit(socket));
  }

  /** Listens on a path. Resolves to undefined where another hub has it. */
  static listen(path: string): Promise<Hub | undefined> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') resolve(undefined);
        else reject(error);
      });
      server.listen(path, () => resolve(new Hub(server)));
    });
  }

  close(): Promise<void> {
    for (const { socket } of this.#members) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #admit(socket: Socket): void {
    const member: Member = { socket, dropped: 0 };
    const splitter = new RecordSplitter();
    this.#members.add(member);
    socket.on('data', (chunk) => this.#relay(member, splitter.take(chunk)));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#members.delete(member));
  }

  #relay(from: Member, records: Buffer): void {
    if (records.length === 0) return;
    for (const member of this.#members) {
      if (member === from) continue;
      if (member.socket.writableLength > MEMBER_BYTES_MAX) {
        member.dropped += records.length / RECORD_BYTES;
        continue;
      }
      if (member.dropped > 0) {
        member.socket.write(overflowRecord(member.dropped));
        member.dropped = 0;
      }
      member.socket.write(records);
    }
  }
}

/**
 * Takes away a socket file that no hub listens on any more (its process was killed). Several members may try at once:
 * the file is moved aside first, which only one can do, and put back where it turns out to be alive.
 */
export async function removeStale(path: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (await answers(aside)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
