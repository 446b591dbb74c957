import { decodeBatch, makeSchema } from '@iot/batch';
import { expect, it, onTestFinished } from 'vitest';
import { LiveUpdates } from '../src/accept/live.ts';
import type { ConsoleUpdate } from '../src/console/data.ts';
import { createGatewayData } from '../src/console/gateway-data.ts';
import { Sessions } from '../src/sessions.ts';
import { entryOf, memoryHistory } from './history/support.ts';
import { rowsOf, T0_US } from './support/batches.ts';
import { ManualClock } from './support/clock.ts';
import { silent } from './support/plane.ts';

const degrees = (name: string) => ({ name, unit: 'deg', type: 'float64', scale: 1, offset: 0 }) as const;
const VSS = ['Latitude', 'Longitude', 'Heading'].map((name) => `Vehicle.CurrentLocation.${name}`);
const CAN = ['Latitude', 'Longitude', 'PositionValid'].map((name) => `gnss_pos.${name}`);

const tables: { name: string; signals: string[]; columns: number[][]; at: number | undefined }[] = [
  {
    name: 'the last row',
    signals: VSS,
    columns: [
      [1, 2],
      [3, 4],
      [90, 91],
    ],
    at: 1,
  },
  {
    name: 'not where the receiver says that it is not valid',
    signals: CAN,
    columns: [
      [1, 2],
      [3, 4],
      [1, 0],
    ],
    at: 0,
  },
  {
    name: 'not 0° 0°, which receivers without a fix say',
    signals: VSS,
    columns: [
      [1, 0],
      [3, 0],
      [90, 0],
    ],
    at: 0,
  },
  {
    name: 'not beyond the poles',
    signals: VSS,
    columns: [
      [1, 95],
      [3, 4],
      [90, 0],
    ],
    at: 0,
  },
  {
    name: 'not of rows of which a coordinate is missing',
    signals: VSS,
    columns: [
      [1, 2],
      [3, Number.NaN],
      [90, 0],
    ],
    at: 0,
  },
  {
    name: 'nowhere without a fix',
    signals: CAN,
    columns: [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    at: undefined,
  },
];

it.each(tables)('the live map has the vehicle where its track ends: $name', ({ signals, columns, at }) => {
  const schema = makeSchema([{ name: 'Gnss', bus: 'can0', signals: signals.map(degrees) }]);
  const entry = entryOf(1, { schema, tables: [rowsOf(schema.tables[0], T0_US, ...columns)] });
  const { db, store, reader } = memoryHistory();
  onTestFinished(() => void db.close());
  store.store([entry]);

  const live = new LiveUpdates(silent);
  const clock = new ManualClock();
  const spool = { ledger: async () => [], units: async () => [] };
  const sessions = new Sessions(() => clock.nowMs());
  const data = createGatewayData({ history: undefined, spool, sessions, live, clock });
  const told: ConsoleUpdate[] = [];
  data.subscribe((update) => told.push(update));
  const batch = decodeBatch(entry.bytes, () => schema);
  live.emit({ kind: 'batch', unit: 'unit-1', vehicle: 'taxi-12', batch });

  const { position } = told[0] as Extract<ConsoleUpdate, { kind: 'readings' }>;
  expect(position?.timeMs).toBe(at === undefined ? undefined : T0_US / 1000 + at * 1000);
  expect(position).toEqual(reader.vehicles()[0].position);
});
