import type { ClockStamp, Lane } from '@iot/batch';

/** Numbers of the lanes in the file, the most urgent first: append only. */
export const LANES: readonly Lane[] = ['alert', 'live', 'backlog'];
export const LANE_LIVE = 1;
export const LANE_BACKLOG = 2;

export const PENDING = 0;
/** Some gateway acknowledged it; kept until its space is needed. */
export const ACCEPTED = 1;

/** SQLite's default; accounting is in pages. */
export const PAGE_BYTES = 4096;

/**
 * Bodies lie apart from the rest of their batch, so that a search for the next to send, or a move to a new epoch,
 * touches some hundred bytes a batch. `tally` is kept by triggers: a statement costs the same with one batch or a million.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    unit TEXT NOT NULL,
    machine TEXT NOT NULL,
    generation TEXT NOT NULL,
    clean INTEGER NOT NULL
  ) STRICT;

  -- The store's epochs; the present one has the highest ordinal.
  CREATE TABLE epoch (
    ordinal INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    next_seq INTEGER NOT NULL
  ) STRICT;

  -- What became of seqs that need no batch any more: 'accepted', or the reason of a gap. Disjoint within an epoch.
  CREATE TABLE range (
    epoch INTEGER NOT NULL REFERENCES epoch ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (epoch, first)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE schema (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    bytes BLOB NOT NULL
  ) STRICT;

  -- Batches of the present epoch. clock, sent_t0_us and uncertainty_us are the frozen mapping; digest is there once offered.
  CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    vehicle TEXT NOT NULL,
    schema INTEGER NOT NULL,
    boot BLOB,
    t0_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    clock TEXT,
    sent_t0_us INTEGER,
    uncertainty_us INTEGER,
    digest TEXT,
    crc INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX batch_queue ON batch (state, lane, seq);
  CREATE INDEX batch_kept ON batch (seq) WHERE state = 1;
  CREATE TABLE body (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  CREATE TABLE tally (state INTEGER PRIMARY KEY, batches INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
  INSERT INTO tally VALUES (0, 0, 0), (1, 0, 0);
  CREATE TRIGGER batch_inserted AFTER INSERT ON batch BEGIN
    UPDATE tally SET batches = batches + 1, bytes = bytes + new.bytes WHERE state = new.state;
  END;
  CREATE TRIGGER batch_deleted AFTER DELETE ON batch BEGIN
    UPDATE tally SET batches = batches - 1, bytes = bytes - old.bytes WHERE state = old.state;
    DELETE FROM body WHERE id = old.id;
  END;
  CREATE TRIGGER batch_turned AFTER UPDATE OF state ON batch WHEN old.state <> new.state BEGIN
    UPDATE tally SET batches = batches - 1, bytes = bytes - old.bytes WHERE state = old.state;
    UPDATE tally SET batches = batches + 1, bytes = bytes + new.bytes WHERE state = new.state;
  END;

  -- Rows of the open batch, one body a commit.
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL,
    vehicle TEXT NOT NULL,
    schema INTEGER NOT NULL,
    boot BLOB,
    t0_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;

  -- Batches that a gateway refused for good, for people to look at. Bounded; the oldest go first.
  CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    epoch BLOB NOT NULL,
    seq INTEGER NOT NULL,
    detail TEXT NOT NULL,
    schema TEXT NOT NULL,
    batch BLOB NOT NULL
  ) STRICT;

  CREATE TABLE schema_known (
    gateway TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (gateway, hash)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    attributes TEXT NOT NULL
  ) STRICT;
  `,
];

/** What a batch, journaled or queued, is about, as it lies in the file. */
export interface ContentRow {
  readonly lane: number;
  readonly vehicle: string;
  readonly boot: Uint8Array | null;
  readonly t0_us: number;
  readonly end_us: number;
  readonly codec: number;
  readonly readings: number;
  readonly crc: number;
}

export interface BatchRow extends ContentRow {
  readonly id: number;
  readonly seq: number;
  readonly state: number;
  /** Of the schema. */
  readonly hash: string;
  readonly bytes: number;
  readonly clock: ClockStamp['source'] | null;
  readonly sent_t0_us: number | null;
  readonly uncertainty_us: number | null;
  readonly digest: string | null;
}

export interface JournalRow extends ContentRow {
  readonly id: number;
  readonly hash: string;
  readonly body: Uint8Array;
}
