import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedFleet, simulatedFleet } from '../sim/console-data.ts';
import { type SimulatedConsole, startSimulatedConsole } from '../sim/console-server.ts';

const START_MS = Date.UTC(2026, 5, 1, 12);
let nowMs = START_MS;
let fleet: SimulatedFleet;
let running: SimulatedConsole;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'console-'));
  const pageDir = join(folder, 'page');
  mkdirSync(join(pageDir, 'assets'), { recursive: true });
  writeFileSync(join(pageDir, 'index.html'), `<!doctype html><title>page</title>${' '.repeat(2000)}`);
  writeFileSync(join(pageDir, 'assets/main-abc.js'), 'export {};');
  writeFileSync(join(pageDir, '.odograph-setup'), 'stamp');
  writeFileSync(join(folder, 'secret.js'), 'secret');
  fleet = simulatedFleet({ seed: 1, nowMs: () => nowMs, outage: { beforeMs: 480_000, lengthMs: 240_000 } });
  fleet.advance();
  running = await startSimulatedConsole(fleet, { nowMs: () => nowMs, pageDir });
});

afterAll(async () => {
  await running.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request as it is written: fetch would tidy paths and forbid headers. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(running.url);
  return new Promise((resolve, reject) => {
    const { method, headers } = options;
    const call = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    call.on('error', reject).end(options.body);
  });
}

async function json<T>(path: string): Promise<T> {
  const { status, body } = await ask(`/api/v1/${path}`);
  expect(status, body).toBe(200);
  return JSON.parse(body) as T;
}

const span = (lengthMs: number): string => `from=${START_MS - lengthMs}&to=${START_MS}`;

describe('the API', () => {
  it('lists vehicles with unit, position, depth and link', async () => {
    const { nowMs: now, vehicles } = await json<{ nowMs: number; vehicles: object[] }>('vehicles');
    expect(now).toBe(START_MS);
    expect(vehicles).toHaveLength(2);
    expect(vehicles[0]).toMatchObject({
      vehicle: 'taxi-12',
      unit: 'unit-0417',
      online: true,
      depth: { batches: 0, bytes: 0 },
      link: { controllable: true, up: true },
      position: { latitude: expect.closeTo(50.77, 1), longitude: expect.closeTo(6.08, 1) },
    });
  });

  it('gives signals, series, track and events of a vehicle', async () => {
    const signals = await json<{ name: string }[]>('vehicles/taxi-12/signals');
    expect(signals).toContainEqual(expect.objectContaining({ name: 'Vehicle.Speed', unit: 'km/h', numeric: true }));
    const series = await json<Record<'timesMs' | 'min' | 'mean' | 'max', number[]>>(
      `vehicles/taxi-12/series?signal=Vehicle.Speed&points=100&${span(600_000)}`,
    );
    expect(series.timesMs.length).toBeGreaterThan(90);
    expect(series.timesMs.length).toBeLessThanOrEqual(101);
    expect(series.min.every((min, i) => min <= series.mean[i] && series.mean[i] <= series.max[i])).toBe(true);
    const track = await json<{ latitudes: number[] }>(`vehicles/taxi-12/track?points=50&${span(600_000)}`);
    expect(track.latitudes.length).toBeGreaterThan(45);
    expect(await json(`vehicles/truck-7/events?limit=1&${span(3_600_000)}`)).toMatchObject([{ name: 'store-evicted' }]);
  });

  it('gives the ledger of a unit in segments and in words', async () => {
    const [ledger] = await json<{ words: string; segments: object[] }[]>('units/unit-0533/ledger');
    expect(ledger.words).toMatch(/^complete to \d+; 0 missing; gap \d+–\d+: evicted, store full$/);
    expect(ledger.segments).toMatchObject([
      { from: 1, state: 'accepted' },
      { state: 'gap', reason: 'evicted' },
      { state: 'accepted' },
    ]);
    expect(await json<object[]>('units')).toHaveLength(2);
    expect(await json('units/unit-0417')).toMatchObject({ connected: true, depths: [], ledger: [{ completeTo: 900 }] });
  });

  it('answers the probes it was given, also when not ready', async () => {
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect((await ask('/readyz')).status).toBe(503);
    expect((await ask('/metrics')).body).toContain('#');
  });

  const wrong: { name: string; path: string; status: number; parameter?: string }[] = [
    { name: 'no span', path: 'vehicles/taxi-12/track', status: 400, parameter: 'from' },
    { name: 'a word for a time', path: 'vehicles/taxi-12/track?from=noon&to=1', status: 400, parameter: 'from' },
    {
      name: 'a span that ends before it begins',
      path: 'vehicles/taxi-12/track?from=2&to=1',
      status: 400,
      parameter: 'to',
    },
    { name: 'a span of years', path: 'vehicles/taxi-12/track?from=0&to=99999999999', status: 400, parameter: 'from' },
    {
      name: 'too many points',
      path: `vehicles/taxi-12/track?${span(1000)}&points=1e9`,
      status: 400,
      parameter: 'points',
    },
    { name: 'no signal', path: `vehicles/taxi-12/series?${span(1000)}`, status: 400, parameter: 'signal' },
    { name: 'a broken escape', path: 'vehicles/%ff/signals', status: 400, parameter: 'path' },
    { name: 'a name of 300 characters', path: `vehicles/${'v'.repeat(300)}/signals`, status: 400, parameter: 'path' },
    { name: 'an unknown vehicle', path: 'vehicles/nobody/signals', status: 404 },
    { name: 'an unknown signal', path: `vehicles/taxi-12/series?signal=x&${span(1000)}`, status: 404 },
    { name: 'an unknown unit', path: 'units/nobody/ledger', status: 404 },
    { name: 'a property of Object', path: 'constructor', status: 404 },
    { name: 'a path too long', path: 'vehicles/taxi-12/signals/more', status: 404 },
  ];
  it.each(wrong)('refuses $name', async ({ path, status, parameter }) => {
    const answer = await ask(`/api/v1/${path}`);
    expect(answer.status).toBe(status);
    const { error } = JSON.parse(answer.body) as { error: { message: string; parameter?: string } };
    expect(error.parameter).toBe(parameter);
    expect(error.message.length).toBeGreaterThan(10);
    expect(running.errors).toEqual([]);
  });
});

describe('the link switch', () => {
  const post = (headers: Record<string, string>, body = '{"up":false}', unit = 'unit-0417'): Promise<Answer> =>
    ask(`/api/v1/links/${unit}`, { method: 'POST', headers: { host: new URL(running.url).host, ...headers }, body });
  const own = { 'content-type': 'application/json' };

  const refused: { name: string; headers: Record<string, string>; body?: string; unit?: string; status: number }[] = [
    { name: 'a form', headers: { 'content-type': 'application/x-www-form-urlencoded' }, status: 415 },
    { name: 'text, which needs no preflight', headers: { 'content-type': 'text/plain' }, status: 415 },
    { name: 'another origin', headers: { ...own, origin: 'https://evil.example' }, status: 403 },
    { name: 'an opaque origin', headers: { ...own, origin: 'null' }, status: 403 },
    { name: 'another site', headers: { ...own, 'sec-fetch-site': 'cross-site' }, status: 403 },
    { name: 'another name for this machine', headers: { ...own, host: 'evil.example:8080' }, status: 421 },
    { name: 'an unknown unit', headers: own, unit: 'nobody', status: 404 },
    { name: 'a body that is no JSON', headers: own, body: '{', status: 400 },
    { name: 'a word for a switch', headers: own, body: '{"up":"no"}', status: 400 },
    { name: 'a body of 10 kB', headers: own, body: JSON.stringify({ up: 'x'.repeat(10_000) }), status: 413 },
  ];
  it.each(refused)('refuses $name', async ({ headers, body, unit, status }) => {
    expect((await post(headers, body, unit)).status).toBe(status);
    expect(fleet.links().every(({ up }) => up)).toBe(true);
  });

  it('cuts and restores for its own page', async () => {
    const headers = { ...own, origin: new URL(running.url).origin, 'sec-fetch-site': 'same-origin' };
    expect((await post(headers)).status).toBe(200);
    expect(await json('links')).toMatchObject([
      { unit: 'unit-0417', up: false },
      { unit: 'unit-0533', up: true },
    ]);
    expect((await post(headers, '{"up":true}')).status).toBe(200);
    expect(fleet.links()).toMatchObject([{ up: true }, { up: true }]);
  });

  it('is not there without a link control', async () => {
    const plain = await startSimulatedConsole(fleet, { nowMs: () => nowMs, linkControl: false, pageDir: folder });
    const config = await (await fetch(`${plain.url}api/v1/config`)).json();
    const { vehicles } = (await (await fetch(`${plain.url}api/v1/vehicles`)).json()) as {
      vehicles: { link: object }[];
    };
    await plain.close();
    expect(config).toMatchObject({ linkControl: false });
    expect(vehicles[0].link).toMatchObject({ controllable: false, up: true });
  });
});

describe('the page files', () => {
  it('are cached by their content, with headers that allow this origin only', async () => {
    const page = await ask('/', { headers: { 'accept-encoding': 'gzip' } });
    expect(page.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-encoding': 'gzip',
      'x-content-type-options': 'nosniff',
    });
    const policy = page.headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:/);
    const again = await ask('/', { headers: { 'if-none-match': page.headers.etag as string } });
    expect(again.status).toBe(304);
    expect((await ask('/assets/main-abc.js')).headers['cache-control']).toContain('immutable');
  });

  it.each([
    '/../secret.js',
    '/..%2fsecret.js',
    '/assets/../../secret.js',
    '/.odograph-setup',
    '/assets/',
    '//secret.js',
    '/%00',
  ])('%s is not among them', async (path) => {
    const { status, body } = await ask(path);
    expect(body).not.toContain('secret"');
    expect(status).toBe(404);
  });

  it('say how to build the page where it is not built', async () => {
    const bare = await startSimulatedConsole(fleet, { nowMs: () => nowMs, pageDir: join(folder, 'nowhere') });
    const answer = await fetch(bare.url);
    const text = await answer.text();
    await bare.close();
    expect(answer.status).toBe(503);
    expect(text).toContain('scripts/setup.mjs --console');
  });
});

it('the stream tells what happens to the vehicle in view', async () => {
  const abort = new AbortController();
  const answer = await fetch(`${running.url}api/v1/stream?vehicle=taxi-12`, { signal: abort.signal });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  nowMs += 4000;
  fleet.advance();
  let text = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes('event: reading')) break;
  }
  abort.abort();
  expect(text).toContain('"signal":"Vehicle.Speed"');
  expect(text).toContain('event: ledger');
  expect(text).toContain('event: depth');
});
