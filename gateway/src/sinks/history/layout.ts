/**
 * Batches are kept as units sent them, each schema once, and are what short spans are answered from. What is asked often
 * is derived from them as they come in: newest values, one rollup a minute, a track of one point a second, events.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE vehicle (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- Of the batch accepted last.
    unit TEXT NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    last_reading_ms INTEGER
  ) STRICT;

  CREATE TABLE schema (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;

  -- from_ms and to_ms are NULL where the unit had no clock, and has told none since. AUTOINCREMENT: an event's batch is never another's.
  CREATE TABLE batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    vehicle INTEGER NOT NULL,
    epoch BLOB NOT NULL,
    seq INTEGER NOT NULL,
    schema INTEGER NOT NULL,
    from_ms INTEGER,
    to_ms INTEGER,
    accepted_ms INTEGER NOT NULL,
    UNIQUE (epoch, seq)
  ) STRICT;
  CREATE INDEX batch_by_time ON batch (vehicle, from_ms, to_ms);
  CREATE INDEX batch_by_age ON batch (accepted_ms);
  CREATE INDEX batch_by_schema ON batch (schema);
  CREATE TABLE body (batch INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

  CREATE TABLE signal (
    id INTEGER PRIMARY KEY,
    vehicle INTEGER NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    numeric INTEGER NOT NULL,
    time_ms REAL NOT NULL,
    value ANY NOT NULL,
    UNIQUE (vehicle, name)
  ) STRICT;

  CREATE TABLE rollup (
    signal INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    count INTEGER NOT NULL,
    min REAL NOT NULL,
    max REAL NOT NULL,
    sum REAL NOT NULL,
    PRIMARY KEY (signal, minute)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE track (
    vehicle INTEGER NOT NULL,
    second INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL,
    heading REAL,
    PRIMARY KEY (vehicle, second)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    vehicle INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    name TEXT NOT NULL,
    attributes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX event_by_time ON event (vehicle, time_ms);
  CREATE INDEX event_by_batch ON event (batch);
  `,
  `
  -- What units said of the clocks of their boots. waiting: batches of the boot may not have been re-timed yet.
  CREATE TABLE boot_clock (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL,
    boot BLOB NOT NULL,
    offset_us INTEGER NOT NULL,
    source TEXT NOT NULL,
    uncertainty_us INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    UNIQUE (unit, boot)
  ) STRICT;
  CREATE INDEX boot_clock_waiting ON boot_clock (waiting) WHERE waiting = 1;

  -- Batches that units sent without a clock. offset_us is NULL until they are re-timed.
  CREATE TABLE unclocked (
    batch INTEGER PRIMARY KEY,
    unit TEXT NOT NULL,
    boot BLOB NOT NULL,
    offset_us INTEGER
  ) STRICT;
  CREATE INDEX unclocked_waiting ON unclocked (unit, boot) WHERE offset_us IS NULL;
  `,
];

/** Width of a rollup, ms. */
export const ROLLUP_MS = 60_000;
