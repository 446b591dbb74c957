import { closeSync, existsSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { hexOf } from '@iot/batch';
import { isDamage, isFull, openDatabase, type SqliteDatabase } from '@iot/host/sqlite';
import { acceptedRanges, learnFromSidecar, moveToNewEpoch } from './epochs.ts';
import { moveAside, pathsOf, removeDatabase, type StorePaths, settleRebuilt } from './files.ts';
import { MIGRATIONS } from './layout.ts';
import { decideOpening, type FileState, type Opening } from './opening.ts';
import { Queue } from './queue.ts';
import { type EpochRecord, Records } from './records.ts';
import { budgetFor } from './room.ts';
import { Wreck } from './salvage.ts';
import { readSidecar, SIDECAR_RANGES_MAX, type Sidecar, syncDirectory, writeSidecar } from './sidecar.ts';

export interface StoreOptions {
  /** The database file; its sidecar, reserve and log lie beside it. The directory exists. */
  readonly path: string;
  readonly unit: string;
  /** The vehicle that the unit is mounted in now. */
  readonly vehicle: string;
  /** What tells this computer from others (the machine id): a store that finds itself elsewhere opens a new epoch. */
  readonly machineId: string;
  /** 16 bytes, of the present boot. */
  readonly bootId: Uint8Array;
  /** All that the store may take of the disk, from 1 MiB. */
  readonly bytesMax: number;
}

/** Gives so many random bytes. */
export type Random = (count: number) => Uint8Array;

/** Seqs that the sidecar reserves ahead: it is written once in so many batches. */
const RESERVED_SEQS = 256;
/** How long a second process waits for the first to end. */
const BUSY_MS = 1_000;
/** Generation of a file that was rebuilt and has not been opened yet. */
const REBUILT = 'rebuilt';

const DETAILS: Record<Opening | 'damaged', string> = {
  create: '',
  resume: '',
  foreign: '',
  lost: 'the store file was lost',
  restored: 'the store file was put back from an older state',
  copied: 'the store moved to another machine',
  damaged: 'the store file was damaged',
};

/** Another process has the store open. */
export class StoreInUseError extends Error {
  override readonly name = 'StoreInUseError';
  readonly code = 'store/in-use';
}

/** An open store file with its sidecar. */
export class StoreFile {
  readonly db: SqliteDatabase;
  readonly records: Records;
  readonly queue: Queue;
  readonly paths: StorePaths;
  readonly #options: StoreOptions;
  readonly #random: Random;
  #highWater = 0;

  constructor(db: SqliteDatabase, paths: StorePaths, options: StoreOptions, random: Random) {
    this.db = db;
    this.paths = paths;
    this.records = new Records(db);
    this.queue = new Queue(db, this.records);
    this.#options = options;
    this.#random = random;
  }

  get present(): EpochRecord {
    return this.records.epochs()[0];
  }

  transaction<T>(change: () => T): T {
    return this.db.transaction(change).immediate();
  }

  /** Makes sure that the sidecar knows of every seq below `nextSeq` before one is given. */
  reserve(nextSeq: number): void {
    if (nextSeq <= this.#highWater) return;
    const { generation } = this.records.store()!;
    this.#writeSidecar({ generation, highWater: nextSeq + RESERVED_SEQS });
  }

  /** Goes on with the present epoch: sidecar, file, sidecar, so that a crash between any two is told from a copy. */
  resume(clean: 0 | 1, change: () => void): void {
    const previous = this.records.store()?.generation;
    const generation = hexOf(this.#random(16));
    const highWater = this.present.nextSeq + (clean ? 0 : RESERVED_SEQS);
    this.#writeSidecar({ generation, highWater, ...(previous && { previous }) });
    this.transaction(() => {
      this.#setStore(generation, clean);
      change();
    });
    this.#writeSidecar({ generation, highWater });
  }

  /** Opens a new epoch: first in the file; a crash before the sidecar follows costs one more, empty epoch. */
  renew(reason: string, sidecar: Sidecar | undefined, detail: string, more: Record<string, string>): void {
    const generation = hexOf(this.#random(16));
    this.transaction(() => {
      const old = this.records.epochs()[0];
      if (sidecar) learnFromSidecar(this.records, this.queue, sidecar, detail);
      const { epoch, nextSeq } = moveToNewEpoch(this.records, this.queue, old, hexOf(this.#random(16)));
      this.#setStore(generation, 0);
      const before = this.records.epochs()[1];
      this.records.notice('store-opened', {
        reason,
        epoch,
        ...(before && { previous: before.epoch }),
        moved: nextSeq - 1,
        ...more,
      });
    });
    this.#writeSidecar({ generation, highWater: this.present.nextSeq + RESERVED_SEQS });
  }

  #setStore(generation: string, clean: 0 | 1): void {
    const { unit, machineId } = this.#options;
    this.records.setStore({ unit, machine: machineId, generation, clean });
  }

  #writeSidecar(parts: Pick<Sidecar, 'generation' | 'highWater' | 'previous'>): void {
    const { ordinal, epoch, nextSeq } = this.present;
    const accepted = acceptedRanges(this.records.fates(ordinal)).slice(-SIDECAR_RANGES_MAX);
    const { unit, machineId } = this.#options;
    writeSidecar(this.paths.sidecar, { unit, machine: machineId, epoch, nextSeq, accepted, ...parts });
    this.#highWater = parts.highWater;
  }
}

/**
 * Opens the store, whatever is found: see opening.ts for what that means for its epoch. `distrust` says why a file that
 * may look whole is damaged. @throws only where no store can be had at all: no permission, a newer program's file, another
 * process, a disk without any room.
 */
export function openStoreFile(options: StoreOptions, random: Random, distrust?: string): StoreFile {
  const paths = pathsOf(options.path);
  settleRebuilt(paths);
  const sidecar = readSidecar(paths.sidecar);
  let db = distrust === undefined ? openIfThere(paths.database, options) : new Error(distrust);
  const more: Record<string, string> = {};
  if (db instanceof Error) {
    more.detail = db.message;
    more.movedTo = rebuild(paths, sidecar, options);
    db = openIfThere(paths.database, options);
    if (db instanceof Error) throw db;
  }
  const state = db && stateOf(db);
  const own = { unit: options.unit, machine: options.machineId };
  const opening = state?.generation === REBUILT ? 'damaged' : decideOpening(state, sidecar, own);
  if (opening === 'foreign') {
    db?.close();
    more.movedTo = setForeignAside(paths);
    db = undefined;
  }
  const opened = db ?? openStoreDatabase(paths.database, options);
  try {
    const file = new StoreFile(opened, paths, options, random);
    const ours = sidecar?.unit === options.unit && opening !== 'foreign' ? sidecar : undefined;
    if (opening === 'resume') {
      const clean = file.records.store()?.clean === 1;
      file.resume(0, () => file.records.notice('store-opened', { reason: 'resume', epoch: file.present.epoch, clean }));
    } else file.renew(opening, ours, DETAILS[opening], more);
    return file;
  } catch (error) {
    // Whoever makes room and tries again must not find the file in use, by us.
    opened.close();
    throw error;
  }
}

function openStoreDatabase(path: string, { bytesMax }: StoreOptions): SqliteDatabase {
  const { walBytes } = budgetFor(path, bytesMax);
  return openDatabase(path, { migrations: MIGRATIONS, walBytes, exclusive: true, busyMs: BUSY_MS });
}

/** The error where the file is damaged; undefined where there is none. */
function openIfThere(path: string, options: StoreOptions): SqliteDatabase | Error | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return openStoreDatabase(path, options);
  } catch (error) {
    if (isDamage(error)) return error as Error;
    if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error;
    throw new StoreInUseError(
      `${path} is open in another process: stop that agent first, or give this one its own dataDir`,
      {
        cause: error,
      },
    );
  }
}

/** Undefined where the process died before the file said anything. */
function stateOf(db: SqliteDatabase): FileState | undefined {
  const records = new Records(db);
  const store = records.store();
  const [present] = records.epochs();
  if (store?.generation === REBUILT) return { ...store, epoch: present?.epoch ?? '', nextSeq: present?.nextSeq ?? 1 };
  return store && present && { ...store, epoch: present.epoch, nextSeq: present.nextSeq };
}

/** The file and the sidecar of another unit go aside together, whole. */
function setForeignAside(paths: StorePaths): string {
  const target = moveAside(paths.database, 'foreign');
  if (existsSync(paths.sidecar)) renameSync(paths.sidecar, `${target}.sidecar`);
  return target;
}

/** Moves a damaged file aside, and puts what can be saved of it in its place. Gives where it went. */
function rebuild(paths: StorePaths, sidecar: Sidecar | undefined, options: StoreOptions): string {
  const wreck = new Wreck(paths.database);
  const owner = wreck.owner();
  const foreign = (owner?.unit ?? sidecar?.unit ?? options.unit) !== options.unit;
  try {
    if (!foreign) saveInto(paths.rebuilt, wreck, sidecar, options);
  } finally {
    wreck.close();
  }
  if (foreign) return setForeignAside(paths);
  const target = moveAside(paths.database, 'damaged');
  renameSync(paths.rebuilt, paths.database);
  syncDirectory(dirname(paths.database));
  return target;
}

function saveInto(path: string, wreck: Wreck, sidecar: Sidecar | undefined, options: StoreOptions): void {
  try {
    salvageTo(path, wreck, sidecar, options, true);
  } catch (error) {
    if (!isFull(error)) throw error;
    // No room for a second copy: the numbers are told, the bodies stay in the file that is moved aside.
    removeDatabase(path);
    salvageTo(path, wreck, sidecar, options, false);
  }
}

function salvageTo(
  path: string,
  wreck: Wreck,
  sidecar: Sidecar | undefined,
  options: StoreOptions,
  bodies: boolean,
): void {
  const db = openDatabase(path, { migrations: MIGRATIONS });
  try {
    // No log: the copy is thrown away unless it is whole.
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    const records = new Records(db);
    const owner = { unit: options.unit, machine: options.machineId, generation: REBUILT, clean: 0 };
    const ours = sidecar?.unit === options.unit ? sidecar : undefined;
    db.transaction(() => {
      wreck.salvage(records, new Queue(db, records), ours, bodies);
      records.setStore(owner);
    })();
  } finally {
    db.close();
  }
  const descriptor = openSync(path, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
