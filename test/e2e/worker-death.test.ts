import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { SOURCE_FLAGS } from '../sim/source-flags.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FATAL = 60;

const GATEWAY = (directory: string) => ({ dataDir: directory, mqtt: [{ port: 0 }] });
const AGENT = (directory: string) => ({ dataDir: directory, unit: 'unit-1', vehicle: 'taxi-12' });

it.each([
  { worker: 'spool/worker.ts', main: 'gateway/src/main.ts', configFor: GATEWAY },
  { worker: 'history/worker.ts', main: 'gateway/src/main.ts', configFor: GATEWAY },
  { worker: 'store/worker.ts', main: 'agent/src/main.ts', configFor: AGENT },
])('$main ends with a fatal line and status 1 when $worker has died', async ({ worker, main, configFor }) => {
  const directory = mkdtempSync(join(tmpdir(), 'odograph-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const configFile = join(directory, 'config.yaml');
  writeFileSync(configFile, JSON.stringify(configFor(directory)));
  const imported = ['--import', join(ROOT, 'test/sim/mortal-workers.ts')];
  const args = [...SOURCE_FLAGS, ...imported, join(ROOT, main), 'run', '--config', configFile];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, MORTAL_WORKER: worker },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const log: string[] = [];
  createInterface(child.stderr).on('line', (line) => log.push(line));
  createInterface(child.stdout).once('line', () => child.kill('SIGUSR2'));
  const [status] = await once(child, 'close');
  expect(status, log.join('\n')).toBe(1);
  expect(JSON.parse(log.at(-1)!)).toMatchObject({
    level: FATAL,
    msg: expect.stringContaining('to be started again'),
    err: { message: `the worker ${worker} ended with status 1 before it answered` },
  });
});
