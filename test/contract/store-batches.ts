import type { NewBatch } from '@iot/agent';
import { encodeBody, type Lane, makeSchema } from '@iot/batch';
import { Rows, type TableDef } from '@iot/wire';

/** Boots that the contract's batches are from. */
export const PRESENT_BOOT = new Uint8Array(16).fill(1);
export const EARLIER_BOOT = new Uint8Array(16).fill(2);

const motion: TableDef = {
  name: 'Motion',
  bus: 'can0',
  signals: [{ name: 'Vehicle.Speed', unit: 'km/h', type: 'int32', scale: 0.01, offset: 0 }],
};
export const SCHEMA = makeSchema([motion]);

/** Two readings from `startMs` on, of a boot, or of a recording where `boot` is null. */
export function batchAt(startMs: number, lane: Lane = 'live', boot: Uint8Array | null = PRESENT_BOOT): NewBatch {
  const rows = new Rows(motion);
  for (let i = 0; i < 2; i++) {
    rows.reserve();
    rows.times[i] = (startMs + i * 500) * 1000;
    rows.columns[0].values[i] = startMs + i;
    rows.count++;
  }
  const t0Us = startMs * 1000;
  const body = encodeBody(SCHEMA, [rows], [], t0Us);
  return { vehicle: 'car-1', lane, schema: SCHEMA, body, t0Us, endUs: rows.times[1], ...(boot && { boot }) };
}
