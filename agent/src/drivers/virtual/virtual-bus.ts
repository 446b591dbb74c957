import { connect, type Socket } from 'node:net';
import { dirname, relative } from 'node:path';
import { BackOff } from '@iot/host';
import { FrameBlock } from '@iot/wire';
import type { BusHealth, CanBus, Clock } from '../../ports.ts';
import { DriverError } from '../error.ts';
import { Hub } from './hub.ts';
import { RECORD_BYTES, RecordSplitter, readRecords, writeRecord } from './record.ts';

/** What `sun_path` of struct sockaddr_un holds beside its final zero (unix(7)). */
const PATH_BYTES_MAX = 107;
const BLOCK_FRAMES = 256;

export interface VirtualBusOptions {
  readonly name: string;
  /** Path of the local socket that is the bus. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * A bus on a local socket that crosses processes. The first member to open it becomes its hub; when the hub's process
 * goes away, another member takes over. `send` is for simulators: the agent never calls it.
 */
export class VirtualBus implements CanBus {
  readonly name: string;
  readonly timeBase = 'boot' as const;
  /** Never resolves: a live bus does not end. */
  readonly ended = new Promise<void>(() => {});
  readonly #options: VirtualBusOptions;
  readonly #backOff: BackOff;
  readonly #block = new FrameBlock(BLOCK_FRAMES);
  #onFrames: (block: FrameBlock) => void = () => {};
  #socket: Socket | undefined;
  #hub: Hub | undefined;
  #joining: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #closed = false;
  #detail: string | undefined = 'not opened yet';
  #received = 0;
  #transmitted = 0;
  #overflowed = 0;

  /** @throws DriverError where the path is too long for a socket */
  constructor(options: VirtualBusOptions) {
    this.name = options.name;
    this.#options = { ...options, path: socketPath(options) };
    this.#backOff = new BackOff({ firstMs: 20, maxMs: 2_000, random: options.random });
  }

  async open(onFrames: (block: FrameBlock) => void): Promise<void> {
    this.#onFrames = onFrames;
    this.#joining = this.#join();
    await this.#joining;
  }

  /** Sends all frames of a block to the other members; false where there is no hub, or it does not keep up. */
  send(block: FrameBlock): boolean {
    const socket = this.#socket;
    if (!socket || socket.writableNeedDrain) return false;
    const records = Buffer.alloc(block.count * RECORD_BYTES);
    for (let i = 0; i < block.count; i++) writeRecord(records, i * RECORD_BYTES, block, i);
    socket.write(records);
    this.#transmitted += block.count;
    return true;
  }

  health(): BusHealth {
    return {
      state: this.#socket ? 'up' : 'down',
      received: this.#received,
      transmitted: this.#transmitted,
      overflowed: this.#overflowed,
      detail: this.#detail,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    await this.#joining;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.destroySoon();
      await closed;
    }
    await this.#hub?.close();
    this.#hub = undefined;
  }

  /** Connects to the hub; becomes it where there is none, and connects to itself. */
  async #join(): Promise<void> {
    try {
      let socket = await connectTo(this.#options.path);
      if (!socket && !this.#closed) {
        // We may be the hub ourselves, with our socket's file taken away.
        await this.#hub?.close();
        this.#hub = await Hub.listen(this.#options.path);
        socket = this.#hub && (await connectTo(this.#options.path));
      }
      if (socket) return this.#adopt(socket);
      this.#detail = 'another member is becoming the hub of this bus; connecting to it';
    } catch (error) {
      this.#detail = explain(this.#options.path, error as NodeJS.ErrnoException);
    }
    this.#retry();
  }

  #retry(): void {
    if (this.#closed) return;
    this.#cancelRetry = this.#options.clock.setTimer(this.#backOff.nextMs(), () => {
      this.#joining = this.#join();
    });
  }

  #adopt(socket: Socket): void {
    if (this.#closed) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#detail = undefined;
    this.#backOff.reset();
    const splitter = new RecordSplitter();
    socket.on('data', (chunk) => this.#receive(splitter.take(chunk)));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#detail = 'the hub of this bus went away; looking for the next';
      this.#retry();
    });
  }

  #receive(records: Buffer): void {
    const timeUs = this.#options.clock.bootUs();
    for (let at = 0; at < records.length; ) {
      const read = readRecords(records, at, timeUs, this.#block);
      at = read.at;
      this.#overflowed += read.dropped;
      this.#received += this.#block.count;
      if (this.#block.count > 0) this.#onFrames(this.#block);
      this.#block.clear();
    }
  }
}

/** The path as it fits into a socket's address: where it does not as it is, seen from the working directory. */
function socketPath({ name, path }: VirtualBusOptions): string {
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const short = relative('', path);
  if (Buffer.byteLength(short) <= PATH_BYTES_MAX) return short;
  throw new DriverError(
    `bus ${name}: the path ${path} has ${Buffer.byteLength(path)} bytes, and a local socket's may have ${PATH_BYTES_MAX}: use a shorter one, below /run or /tmp`,
  );
}

/** Undefined where nobody listens. */
function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(error);
    });
    socket.once('connect', () => resolve(socket));
  });
}

function explain(path: string, error: NodeJS.ErrnoException): string {
  if (error instanceof DriverError) return error.message;
  const folder = dirname(path);
  if (error.code === 'EACCES')
    return `${path}: this user may not use it: check the permissions of ${folder}; trying again`;
  const isFolderMissing = error.code === 'SQLITE_CANTOPEN' || error.message.includes('directory does not exist');
  if (isFolderMissing) return `${path}: the folder ${folder} is missing or may not be written; make it (trying again)`;
  return `${path}: ${error.message}; trying again`;
}
