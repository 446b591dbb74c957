import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SimulatedFleet, simulatedFleet } from '../sim/console-data.ts';
import { type SimulatedConsole, startSimulatedConsole } from '../sim/console-server.ts';

const KNOWN_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = process.env.CHROMIUM ?? KNOWN_PATHS.find((path) => existsSync(path));
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // MapLibre draws by WebGL, without a GPU by SwiftShader.
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];
const root = resolve(import.meta.dirname, '../..');

/** The colour of the selected track and of the first plot, on a light page. */
const LINE_COLOR = [0x1d, 0x5f, 0xbf];

/** Pixels of a picture (base64 PNG) that have the colour of lines: what a person sees, however it was drawn. */
const LINE_PIXELS = `(async (png) => {
  const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  canvas.drawImage(bitmap, 0, 0);
  const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  const [red, green, blue] = ${JSON.stringify(LINE_COLOR)};
  let count = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) count++;
  return count;
})`;

/** Controls without a name, images without a text, ids used twice: what a checker of accessibility looks at first. */
const NAMELESS = `(() => {
  const named = (e) => e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.title;
  const shown = [...document.querySelectorAll('button, input, a, [role=img], [role=tab], [role=region]')].filter((e) => e.checkVisibility());
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  const refs = [...document.querySelectorAll('[aria-labelledby], [aria-controls]')].flatMap((e) =>
    [e.getAttribute('aria-labelledby'), e.getAttribute('aria-controls')].filter((id) => id && !document.getElementById(id)));
  return [
    ...shown.filter((e) => !named(e)).map((e) => 'no name: ' + e.outerHTML.slice(0, 120)),
    ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => 'id twice: ' + id),
    ...refs.map((id) => 'refers to nothing: ' + id),
  ];
})()`;

describe.skipIf(executablePath === undefined)(
  'the console page in Chromium (install chromium, or name one in CHROMIUM)',
  () => {
    let folder: string;
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let fleet: SimulatedFleet;
    let running: SimulatedConsole;
    let driving: NodeJS.Timeout;
    let complaints: string[];
    let foreign: string[];
    /** How far the simulation's clock is ahead: an outage of a minute passes at once. */
    let aheadMs: number;
    const nowMs = (): number => Date.now() + aheadMs;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'console-page-'));
      const vite = join(root, 'node_modules/.bin/vite');
      execFileSync(vite, [
        'build',
        '--logLevel',
        'warn',
        '--outDir',
        folder,
        '--emptyOutDir',
        join(root, 'gateway/console'),
      ]);
      browser = await chromium.launch({ executablePath, args: FLAGS });
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    beforeEach(() => {
      complaints = [];
      aheadMs = 0;
      foreign = [];
    });

    afterEach(async () => {
      clearInterval(driving);
      await context.close();
      await running.close();
      expect(foreign, 'requests that leave the origin').toEqual([]);
      expect(running.errors).toEqual([]);
    });

    async function open(
      options: { vehicles?: number; hash?: string; phone?: boolean; linkControl?: boolean } = {},
    ): Promise<void> {
      fleet = simulatedFleet({
        seed: 3,
        nowMs,
        vehicles: options.vehicles,
        outage: { beforeMs: 480_000, lengthMs: 240_000 },
      });
      fleet.advance();
      running = await startSimulatedConsole(fleet, {
        nowMs,
        pageDir: folder,
        linkControl: options.linkControl,
      });
      driving = setInterval(() => fleet.advance(), 200);
      context = await browser.newContext({
        viewport: options.phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      });
      page = await context.newPage();
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()) && !/GPU stall|WebGL/.test(message.text()))
          complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => {
        const { protocol, origin } = new URL(request.url());
        if (!['data:', 'blob:'].includes(protocol) && origin !== new URL(running.url).origin)
          foreign.push(request.url());
      });
      await page.goto(`${running.url}${options.hash ?? ''}`);
    }

    const words = (selector: string, text: string | RegExp): Promise<void> =>
      page.locator(selector, { hasText: text }).first().waitFor();
    /** Waits until the element shows lines: more of their colour than a marker (500 pixels) or an icon has. */
    const drawn = async (selector: string, pixelsMin: number): Promise<void> => {
      const count = async (): Promise<number> => {
        const png = await page.locator(selector).first().screenshot();
        return page.evaluate(`${LINE_PIXELS}('${png.toString('base64')}')`);
      };
      await expect.poll(count, { timeout: 10_000 }).toBeGreaterThan(pixelsMin);
    };

    it('shows the fleet, its tracks, values, plots and ledger', async () => {
      await open();
      await words('.vehicle .name', 'truck-7');
      await words('.fleet', '2 vehicles · 2 online');
      await drawn('.map', 1200);
      await words('.marker-name', 'taxi-12');
      await page.locator('.vehicle', { hasText: 'truck-7' }).click();
      await words('#details-title', 'truck-7');
      await words('.ledger-words', /^Complete to [\d,]+; 0 missing; gap [\d,]+–[\d,]+: evicted, store full\.$/);
      await words('.signal-list li', /EEC1\.EngineSpeed[\d,.]+rpm/);
      await drawn('.plot-canvas', 100);
      expect(page.url()).toContain('vehicle=truck-7');
      await page.getByRole('tab', { name: 'Events' }).click();
      await words('.event-list strong', 'Store evicted');
      expect(await page.evaluate(NAMELESS)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    it('plots what is ticked, zooms by drag, and keeps it in the address', async () => {
      await open({ hash: '#vehicle=taxi-12&signal=Vehicle.Speed&span=5m' });
      await drawn('.plot-canvas', 100);
      expect(await page.locator('.plot-card').count()).toBe(1);
      await page.getByRole('checkbox', { name: /CurrentVoltage/ }).check();
      await page.locator('.plot-card').nth(1).waitFor();
      expect(page.url()).toContain('CurrentVoltage');
      const box = (await page.locator('.plot-canvas .u-over').first().boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
      await page.mouse.up();
      await page.getByRole('button', { name: 'Back to live' }).waitFor();
      const view = new URLSearchParams(new URL(page.url()).hash.slice(1));
      const zoomedMs = Date.parse(view.get('to')!) - Date.parse(view.get('from')!);
      expect(zoomedMs).toBeGreaterThan(60_000);
      expect(zoomedMs).toBeLessThan(120_000);
      await page.reload();
      await page.locator('.plot-card').nth(1).waitFor();
      await page.getByRole('button', { name: 'Back to live' }).click();
      await words('.span-words', 'Following');
      expect(complaints).toEqual([]);
    });

    it('cuts and restores a link, and shows the backlog come and go', async () => {
      await open();
      await page.getByRole('button', { name: 'Cut link' }).click();
      await words('.condition-line', 'Link cut');
      expect(fleet.links()[0]).toMatchObject({ unit: 'unit-0417', up: false });
      await words('.vehicle .backlog', /\d+ batch(es)? waiting/);
      aheadMs += 60_000;
      await words('.vehicle .backlog', /[2-9]\d batches waiting/);
      await page.getByRole('button', { name: 'Restore link' }).click();
      await words('.condition-line', 'Online');
      await words('.ledger-words', /\d+ on the way/);
      aheadMs += 60_000;
      await words('.ledger-words', /^Complete to [\d,]+; 0 missing\.$/);
      expect(complaints).toEqual([]);
    });

    it('says how to begin where no vehicle has reported, and shows no switch without a link control', async () => {
      await open({ vehicles: 0 });
      await words('.vehicles .empty', 'No vehicle has reported yet.');
      await words('.details .empty', 'Choose a vehicle');
      expect(complaints).toEqual([]);
    });

    it('says that the connection is lost', async () => {
      await open({ linkControl: false });
      await words('.stream', 'Live');
      expect(await page.getByRole('button', { name: 'Cut link' }).isVisible()).toBe(false);
      await context.setOffline(true);
      await running.server.close();
      await words('.banner', 'The connection to the gateway is lost.');
      await words('.stream', 'Reconnecting');
    });

    it('fits a phone', async () => {
      await open({ phone: true });
      await drawn('.map', 1200);
      await drawn('.plot-canvas', 100);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      expect(await page.evaluate(NAMELESS)).toEqual([]);
      expect(complaints).toEqual([]);
    });
  },
);
