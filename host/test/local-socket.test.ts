import { mkdtempSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { askLocal, serveLocal } from '../src/local-socket.ts';

const newPath = (): string => join(mkdtempSync(join(tmpdir(), 'odograph-socket-')), 's.sock');

it('answers a question, only to this user', async () => {
  const path = newPath();
  const server = await serveLocal(path, async (question) => ({ heard: question }));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await askLocal(path, { ask: 'status' })).toEqual({ heard: { ask: 'status' } });
  await server.close();
  expect(await askLocal(path, {})).toBeUndefined();
});

it('closes though somebody is connected and silent', async () => {
  const path = newPath();
  const server = await serveLocal(path, async () => ({}));
  const silent = connect(path);
  await new Promise((resolve) => silent.once('connect', resolve));
  const gone = new Promise((resolve) => silent.once('close', resolve));
  await server.close();
  await gone;
});

it('says what is wrong with a question, and with a path that is too long', async () => {
  const path = newPath();
  const server = await serveLocal(path, () => Promise.reject(new Error('there is no such unit')));
  expect(await askLocal(path, 1)).toEqual({ error: 'there is no such unit' });
  await server.close();
  await expect(serveLocal(`/tmp/${'x'.repeat(120)}`, async () => 1)).rejects.toThrow('use a shorter dataDir');
});
