import { decodeBatch } from '@iot/batch';
import { preparing, type SqliteDatabase } from '@iot/host/sqlite';
import type { EventInfo, Series, SignalInfo, Track, VehicleInfo } from '../../console/data.ts';
import { Buckets } from './buckets.ts';
import { ROLLUP_MS } from './layout.ts';
import { eachReading } from './readings.ts';
import type { Schemas } from './schemas.ts';

/** Up to this span a plot is decoded from the batches; beyond it minutes answer. */
export const DECODED_SPAN_MS_MAX = 2 * 3_600_000;

interface VehicleRow {
  readonly id: number;
  readonly name: string;
  readonly unit: string;
  readonly last_seen_ms: number;
  readonly last_reading_ms: number | null;
}
interface TrackRow {
  readonly time_ms: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly heading: number | null;
}
interface SignalRow {
  readonly id: number;
  readonly unit: string;
  readonly numeric: number;
}

/** Reads the history. See ConsoleData for what each answer means. */
export class HistoryReader {
  readonly #prepare: SqliteDatabase['prepare'];
  readonly #schemas: Schemas;

  constructor(db: SqliteDatabase, schemas: Schemas) {
    this.#prepare = preparing(db);
    this.#schemas = schemas;
  }

  vehicles(): VehicleInfo[] {
    return (this.#prepare('SELECT * FROM vehicle ORDER BY name').all() as VehicleRow[]).map((row) => ({
      vehicle: row.name,
      unit: row.unit,
      lastSeenMs: row.last_seen_ms,
      ...(row.last_reading_ms !== null && { lastReadingMs: row.last_reading_ms }),
      ...this.#position(row.id),
    }));
  }

  signals(vehicle: string): SignalInfo[] | undefined {
    const id = this.#vehicleId(vehicle);
    if (id === undefined) return undefined;
    const sql = 'SELECT name, unit, numeric, time_ms, value FROM signal WHERE vehicle = ? ORDER BY name';
    const rows = this.#prepare(sql).all(id) as (SignalRow & {
      name: string;
      time_ms: number;
      value: number | string;
    })[];
    return rows.map(({ name, unit, numeric, time_ms, value }) => ({
      name,
      unit,
      numeric: numeric === 1,
      latest: { timeMs: time_ms, value },
    }));
  }

  series(vehicle: string, signal: string, fromMs: number, toMs: number, points: number): Series | undefined {
    const vehicleId = this.#vehicleId(vehicle);
    if (vehicleId === undefined) return undefined;
    const sql = 'SELECT id, unit, numeric FROM signal WHERE vehicle = ? AND name = ?';
    const row = this.#prepare(sql).get(vehicleId, signal) as SignalRow | undefined;
    if (!row) return undefined;
    const isShort = toMs - fromMs <= DECODED_SPAN_MS_MAX;
    const buckets = new Buckets(fromMs, toMs, points, isShort ? 0 : ROLLUP_MS);
    if (row.numeric === 1) {
      if (isShort) this.#decodeInto(buckets, vehicleId, signal, fromMs, toMs);
      else this.#rollUpInto(buckets, row.id, fromMs, toMs);
    }
    return { unit: row.unit, ...buckets.columns() };
  }

  track(vehicle: string, fromMs: number, toMs: number, points: number): Track | undefined {
    const id = this.#vehicleId(vehicle);
    if (id === undefined) return undefined;
    const from = Math.floor(fromMs / 1000);
    const step = Math.max(1, Math.ceil((toMs / 1000 - from + 1) / points));
    // With min() SQLite takes the other columns from the row that has it: the first point of each step.
    const sql = `
      SELECT min(second), time_ms, latitude, longitude FROM track
      WHERE vehicle = ? AND second BETWEEN ? AND ? GROUP BY CAST((second - ?) / ? AS INTEGER) ORDER BY second`;
    const rows = this.#prepare(sql).all(id, from, Math.floor(toMs / 1000), from, step) as TrackRow[];
    return {
      timesMs: rows.map(({ time_ms }) => time_ms),
      latitudes: rows.map(({ latitude }) => latitude),
      longitudes: rows.map(({ longitude }) => longitude),
    };
  }

  events(vehicle: string, fromMs: number, toMs: number, limit: number): EventInfo[] | undefined {
    const id = this.#vehicleId(vehicle);
    if (id === undefined) return undefined;
    const sql = `
      SELECT time_ms AS timeMs, name, attributes FROM event
      WHERE vehicle = ? AND time_ms BETWEEN ? AND ? ORDER BY time_ms DESC, id DESC LIMIT ?`;
    const rows = this.#prepare(sql).all(id, fromMs, toMs, limit) as (Omit<EventInfo, 'attributes'> & {
      attributes: string;
    })[];
    return rows.map((row) => ({ ...row, attributes: JSON.parse(row.attributes) as EventInfo['attributes'] }));
  }

  #vehicleId(name: string): number | undefined {
    return this.#prepare('SELECT id FROM vehicle WHERE name = ?').pluck().get(name) as number | undefined;
  }

  #position(vehicleId: number): Pick<VehicleInfo, 'position'> {
    const sql = 'SELECT * FROM track WHERE vehicle = ? ORDER BY second DESC LIMIT 1';
    const row = this.#prepare(sql).get(vehicleId) as TrackRow | undefined;
    if (!row) return {};
    const { time_ms: timeMs, latitude, longitude, heading } = row;
    return { position: { timeMs, latitude, longitude, ...(heading !== null && { heading }) } };
  }

  #decodeInto(buckets: Buckets, vehicleId: number, signal: string, fromMs: number, toMs: number): void {
    const sql = `
      SELECT schema, bytes, coalesce(offset_us, 0) AS offsetUs
      FROM batch JOIN body ON body.batch = batch.id LEFT JOIN unclocked ON unclocked.batch = batch.id
      WHERE vehicle = ? AND from_ms <= ? AND to_ms >= ?`;
    for (const row of this.#prepare(sql).iterate(vehicleId, toMs, fromMs) as Iterable<{
      schema: number;
      bytes: Uint8Array;
      offsetUs: number;
    }>) {
      const schema = this.#schemas.get(row.schema);
      if (!schema.tables.some(({ signals }) => signals.some(({ name }) => name === signal))) continue;
      for (const rows of decodeBatch(row.bytes, () => schema).tables)
        rows.def.signals.forEach(({ name }, index) => {
          if (name !== signal) return;
          eachReading(rows, index, (timeUs, value) => {
            if (typeof value === 'number') buckets.addReading((timeUs + row.offsetUs) / 1000, value);
          });
        });
    }
  }

  #rollUpInto(buckets: Buckets, signalId: number, fromMs: number, toMs: number): void {
    const sql = 'SELECT minute, count, min, max, sum FROM rollup WHERE signal = ? AND minute BETWEEN ? AND ?';
    const minutes = [Math.floor(fromMs / ROLLUP_MS), Math.floor(toMs / ROLLUP_MS)];
    for (const row of this.#prepare(sql).iterate(signalId, ...minutes) as Iterable<{
      minute: number;
      count: number;
      min: number;
      max: number;
      sum: number;
    }>)
      buckets.addSample({ ...row, timeMs: row.minute * ROLLUP_MS });
  }
}
