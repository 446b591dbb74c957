import { encodeBody, type Lane, makeSchema } from '@iot/batch';
import { Rows, type TableDef } from '@iot/wire';
import type { NewBatch } from '../../src/ports.ts';

export const BOOT = new Uint8Array(16).fill(1);
export const EARLIER_BOOT = new Uint8Array(16).fill(2);
export const ALL_LANES: readonly Lane[] = ['alert', 'live', 'backlog'];

const speed: TableDef = {
  name: 'Motion',
  bus: 'can0',
  signals: [
    { name: 'Vehicle.Speed', unit: 'km/h', type: 'int53', scale: 0.01, offset: 0 },
    { name: 'Vehicle.Heading', unit: 'degrees', type: 'float32', scale: 1, offset: 0 },
    { name: 'Note', unit: '', type: 'text', scale: 1, offset: 0 },
  ],
};
export const SCHEMA = makeSchema([speed]);

export interface BatchShape {
  readonly lane?: Lane;
  readonly boot?: Uint8Array | undefined;
  readonly vehicle?: string;
  readonly rows?: number;
  /** Bytes of text that does not compress, to make a batch as large as a test wants. */
  readonly ballast?: number;
}

/** A batch of a second that starts at `startMs` on the capture clock; its first speed is `startMs`. */
export function batchAt(startMs: number, shape: BatchShape = {}): NewBatch {
  const { lane = 'live', vehicle = 'car-1', rows: count = 2, ballast = 0 } = shape;
  const boot = 'boot' in shape ? shape.boot : BOOT;
  const rows = new Rows(speed);
  for (let i = 0; i < count; i++) {
    rows.reserve();
    rows.times[i] = (startMs + (i * 1000) / count) * 1000;
    rows.columns[0].values[i] = startMs + i;
    rows.columns[1].values[i] = i / 3;
    (rows.columns[2].values as string[])[i] = i === 0 ? noise(startMs, ballast) : '';
    rows.count++;
  }
  const t0Us = startMs * 1000;
  const body = encodeBody(SCHEMA, [rows], [{ timeUs: t0Us, name: 'tick', attributes: { startMs } }], t0Us);
  return { vehicle, lane, schema: SCHEMA, body, t0Us, endUs: rows.times[count - 1], ...(boot && { boot }) };
}

/** Text that differs with the seed, of a xorshift generator (Marsaglia 2003). */
function noise(seed: number, length: number): string {
  let state = seed * 2654435761 + 1;
  let text = '';
  while (text.length < length) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    text += String.fromCharCode(33 + (Math.abs(state) % 90));
  }
  return text;
}
