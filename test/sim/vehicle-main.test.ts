import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock, TcpStream, VirtualBus } from '@iot/agent';
import { createNmeaParser, type GnssFix } from '@iot/nmea';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CAR, TRUCK } from '../demo/vehicles/names.ts';
import { Program, runToEnd } from './process.ts';
import { BusDecoder } from './vehicle/decode.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odo-vehicle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  { kind: 'car', description: CAR },
  { kind: 'truck', description: TRUCK },
])('a $kind as a process: frames by its bus, fixes by its port, and an end when it is told', async (its) => {
  const path = join(folder, 'can0');
  const vehicle = new Program('test/sim/vehicle-main.ts', ['--kind', its.kind, '--seed', '4', '--bus', path]);
  const clock = createSystemClock();
  const options = { clock, random: Math.random };
  const bus = new VirtualBus({ name: 'can0', path, ...options });
  const decoder = new BusDecoder(its.description);
  const fixes: GnssFix[] = [];
  const parser = createNmeaParser({ notBeforeUs: 0, onFix: (fix) => fixes.push(fix) });
  const ready = await vehicle.start<{ kind: string; bus: string; gnssPort: number }>();
  const receiver = new TcpStream({ name: 'gnss', host: '127.0.0.1', port: ready.gnssPort, ...options });
  try {
    expect(ready).toMatchObject({ kind: its.kind, bus: path });
    await bus.open((block) => decoder.receive(block));
    await receiver.open((bytes, bootUs) => parser.receive(bytes, bootUs));
    await vi.waitFor(
      () => {
        expect(decoder.values('Vehicle.Speed').length).toBeGreaterThan(3);
        expect(fixes.length).toBeGreaterThan(0);
      },
      { timeout: 15_000 },
    );
    expect(decoder.unknown).toBe(0);
    expect(Math.abs(fixes[0].utcUs! / 1e6 - clock.wallUs() / 1e6)).toBeLessThan(30);
  } finally {
    await bus.close();
    await receiver.close();
    expect(await vehicle.stop()).toBe(0);
  }
});

it.each([
  { what: 'another kind', args: ['--kind', 'bus', '--bus', 'x'], error: /--kind must be car or truck/ },
  { what: 'no bus', args: ['--kind', 'car'], error: /--bus is missing/ },
  { what: 'a port that is none', args: ['--kind', 'car', '--bus', 'x', '--gnss-port', '70000'], error: /--gnss-port/ },
])('says what is wrong with $what, and ends with 2', async ({ args, error }) => {
  const { status, stderr } = await runToEnd('test/sim/vehicle-main.ts', args);
  expect(status).toBe(2);
  expect(stderr).toMatch(error);
});
