import type { Lane } from '@iot/batch';

/** Numbers of the lanes in the file, the most urgent first: append only. */
export const LANES: readonly Lane[] = ['alert', 'live', 'backlog'];

/**
 * One file holds the spool and the ledger, so that accepting a batch is one transaction. Bodies lie apart from their
 * entry: what is searched and counted costs some tens of bytes a batch, and a damaged body leaves its entry readable.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE gateway (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL) STRICT;

  CREATE TABLE sink (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- The ledger: an epoch of a store, by the bytes of its id, and the unit that it is.
  CREATE TABLE epoch (
    id INTEGER PRIMARY KEY,
    unit TEXT NOT NULL,
    epoch BLOB NOT NULL UNIQUE,
    vehicles TEXT NOT NULL DEFAULT '[]',
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    digests INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX epoch_by_unit ON epoch (unit, last_ms);

  -- Accepted seqs: disjoint, neighbours joined.
  CREATE TABLE range (
    epoch INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (epoch, first)
  ) STRICT, WITHOUT ROWID;

  -- What an accepted seq was, for telling a resend from a conflict; the oldest are forgotten.
  CREATE TABLE digest (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (epoch, seq)
  ) STRICT, WITHOUT ROWID;

  -- The newest statement of each epoch; version ascends, so that what is delivered can be told from what came since.
  CREATE TABLE statement (
    epoch INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL,
    heard_ms INTEGER NOT NULL,
    version INTEGER NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE statement_owed (
    sink INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (sink, epoch)
  ) STRICT, WITHOUT ROWID;

  -- The spool. AUTOINCREMENT: a position is never given twice. owed counts the sinks that have not confirmed.
  CREATE TABLE entry (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    owed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE body (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE owed (
    sink INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (sink, lane, position)
  ) STRICT, WITHOUT ROWID;

  -- Schemas by content, and the units that sent them: a unit may hold so many.
  CREATE TABLE schema (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE unit_schema (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (unit, hash)
  ) STRICT;

  CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- What was stated of an epoch, by itself and by its successors, all statements together: JSON of an Account.
  CREATE TABLE stated (epoch INTEGER PRIMARY KEY, account TEXT NOT NULL, closed_by BLOB) STRICT;
  `,
];
