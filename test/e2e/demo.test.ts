import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { SOURCE_FLAGS } from '../sim/source-flags.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Vehicle {
  readonly vehicle: string;
  readonly online: boolean;
  readonly position?: { readonly latitude: number };
}

/** Polls until `probe` gives something. */
async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await probe().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 200));
  }
}

it('npm start: both vehicles are on the map, and Ctrl+C ends every process', async () => {
  const data = mkdtempSync(join(tmpdir(), 'odograph-demo-'));
  const args = [...SOURCE_FLAGS, 'test/demo/main.ts', '--port', '8300', '--data', data];
  const demo = spawn(process.execPath, args, { cwd: ROOT, detached: true });
  const ended = new Promise((done) => demo.once('close', done));
  try {
    const address = await new Promise<string>((done) => {
      createInterface(demo.stdout).on('line', (line) => {
        const match = /The fleet is at +(\S+)/.exec(line);
        if (match) done(match[1]);
      });
    });
    const vehicles = await until(async () => {
      const { vehicles: all } = (await (await fetch(`${address}api/v1/vehicles`)).json()) as { vehicles: Vehicle[] };
      return all.length === 2 && all.every(({ online, position }) => online && position) ? all : undefined;
    });
    expect(vehicles.map(({ vehicle }) => vehicle).sort()).toEqual(['CAR-1', 'TRUCK-1']);
    // As a terminal does: every process of the group hears it.
    process.kill(-demo.pid!, 'SIGINT');
    expect(await ended).toBe(0);
    // The group is empty: nothing was left behind.
    expect(() => process.kill(-demo.pid!, 0)).toThrow('ESRCH');
  } finally {
    if (demo.exitCode === null) process.kill(-demo.pid!, 'SIGKILL');
  }
}, 60_000);
