/** What a batch, schema, statement or control message may be at most, whoever sent it. */

/** Bytes of one message on the uplink: batch, schema, statement or control. */
export const ENCODED_BYTES_MAX = 64 * 1024;
/** Bytes of a batch that carries its schema. */
export const SELF_CONTAINED_BYTES_MAX = 2 * ENCODED_BYTES_MAX;
/** Bytes of a body once inflated. */
export const INFLATED_BYTES_MAX = 1024 * 1024;
/** Values that a body may make once decoded, times included: constants cost bytes nowhere but in memory. */
export const VALUES_MAX = 500_000;
/** Rows of one table. */
export const ROWS_MAX = 100_000;
export const TABLES_MAX = 1024;
export const SIGNALS_MAX = 1024;
export const EVENTS_MAX = 1024;
export const ATTRIBUTES_MAX = 64;
export const RANGES_MAX = 4096;
/** UTF-8 bytes of a name: unit, vehicle, table, signal, event. */
export const NAME_BYTES_MAX = 255;
/** UTF-8 bytes of any other text. */
export const TEXT_BYTES_MAX = 16 * 1024;
export const EPOCH_BYTES = 16;
export const BOOT_BYTES = 16;
/** Of SHA-256, on the wire and in names. README.md says why no more are needed. */
export const HASH_BYTES = 8;
export const DIGEST_BYTES = 8;
/** Resolution of times, µs. */
export const TICK_US = 100;
