import { type BatchEvent, type DecodedBatch, decodeBody, ENCODED_BYTES_MAX, encodeBody, type Schema } from '@iot/batch';
import type { Column, Rows } from '@iot/wire';
import type { NewBatch } from '../ports.ts';
import { bodyOf } from './content.ts';
import { type JournalRow, LANES } from './layout.ts';

/** Encoded bytes that are merged into one batch: what encodes apart to this much is smaller together. */
const MERGE_BYTES_MAX = 48 * 1024;
/** Readings that are merged into one batch, within the codec's own bound on values. */
const MERGE_READINGS_MAX = 250_000;
/** Room for the header around a body. */
const HEADER_BYTES_MAX = 1024;
const NOWHERE = { unit: '', epoch: new Uint8Array(16), seq: 1, digest: '' } as const;

/**
 * Makes batches of the journal that a crash or power cut left: as few as possible, each of one schema, boot and vehicle.
 * A body that cannot be read or merged becomes a batch of its own, as it is.
 */
export function recoverJournal(rows: readonly JournalRow[], schemaOf: (hash: string) => Schema): NewBatch[] {
  const groups: JournalRow[][] = [];
  for (const row of rows) {
    const group = groups.find((candidate) => fits(candidate, row));
    if (group) group.push(row);
    else groups.push([row]);
  }
  return groups.flatMap((group) => mergeGroup(group, schemaOf(group[0].hash)));
}

function fits(group: readonly JournalRow[], row: JournalRow): boolean {
  const [first] = group;
  const bytes = group.reduce((sum, { body }) => sum + body.length, row.body.length);
  const readings = group.reduce((sum, member) => sum + member.readings, row.readings);
  return (
    first.hash === row.hash &&
    first.vehicle === row.vehicle &&
    sameBoot(first.boot, row.boot) &&
    bytes <= MERGE_BYTES_MAX &&
    readings <= MERGE_READINGS_MAX
  );
}

function sameBoot(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}

function mergeGroup(group: readonly JournalRow[], schema: Schema): NewBatch[] {
  const alone = group.map((row) => batchOf(row, schema));
  if (group.length === 1) return alone;
  try {
    const parts = group.map((row) => decode(row, schema));
    const t0Us = Math.min(...group.map((row) => row.t0_us));
    const body = encodeBody(schema, mergeTables(parts), mergeEvents(parts), t0Us);
    if (body.bytes.length > ENCODED_BYTES_MAX - HEADER_BYTES_MAX) return alone;
    const endUs = Math.max(...group.map((row) => row.end_us));
    const lane = LANES[Math.min(...group.map((row) => row.lane))];
    return [{ ...alone[0], lane, body, t0Us, endUs }];
  } catch {
    // Whatever the codec dislikes about a body, its bytes passed their checksum: they go as they were committed.
    return alone;
  }
}

function batchOf(row: JournalRow, schema: Schema): NewBatch {
  return {
    vehicle: row.vehicle,
    lane: LANES[row.lane],
    schema,
    body: bodyOf(row, row.body),
    t0Us: row.t0_us,
    endUs: row.end_us,
    ...(row.boot && { boot: row.boot }),
  };
}

function decode(row: JournalRow, schema: Schema): DecodedBatch {
  const head = {
    ...NOWHERE,
    vehicle: row.vehicle,
    lane: LANES[row.lane],
    clock: { source: 'log', uncertaintyUs: 0 },
    t0Us: row.t0_us,
    codec: row.codec,
    schemaHash: row.hash,
    body: row.body,
  } as const;
  return decodeBody(head, schema);
}

function mergeEvents(parts: readonly DecodedBatch[]): BatchEvent[] {
  return parts.flatMap((part) => part.events);
}

function mergeTables(parts: readonly DecodedBatch[]): Rows[] {
  const merged: Rows[] = [];
  for (const table of parts.flatMap((part) => part.tables)) {
    const target = merged.find(({ def }) => isSameTable(def, table.def));
    if (target) append(target, table);
    else merged.push(table);
  }
  return merged;
}

function isSameTable(a: Rows['def'], b: Rows['def']): boolean {
  return a.name === b.name && a.bus === b.bus && a.source === b.source;
}

/** Adds the rows of `source` after those of `target`, floats bit by bit. */
export function append(target: Rows, source: Rows): void {
  const start = target.count;
  for (let row = 0; row < source.count; row++) {
    target.reserve();
    target.times[target.count] = source.times[row];
    target.columns.forEach((column, i) => {
      copyValue(column, target.count, source.columns[i], row);
    });
    target.count++;
  }
  target.columns.forEach((column, i) => {
    column.qualityRows.push(...source.columns[i].qualityRows.map((row) => start + row));
    column.qualityCodes.push(...source.columns[i].qualityCodes);
  });
}

function copyValue(to: Column, at: number, from: Column, row: number): void {
  if (!to.bits || !from.bits) {
    (to.values as unknown[])[at] = from.values[row];
    return;
  }
  const words = to.type === 'float64' ? 2 : 1;
  for (let word = 0; word < words; word++) to.bits[at * words + word] = from.bits[row * words + word];
}
