import { z } from 'zod';
import type { DepthLog } from './depth-log.ts';
import { HttpError } from './errors.ts';
import type { StreamHub } from './stream.ts';

/** Switches vehicles' links in a demo or test: HTTP JSON `GET /links` and `POST /links/:unit {up}` at a configured address. */
export interface LinkControl {
  links(): Promise<readonly LinkState[]>;
  set(unit: string, up: boolean): Promise<void>;
}

export interface LinkState {
  readonly unit: string;
  readonly up: boolean;
  /** What the unit holds, where the control sees it: the gateway cannot, while the link is cut. */
  readonly depth?: { readonly batches: number; readonly bytes: number; readonly oldestMs?: number };
}

const ANSWER_MS_MAX = 2000;
const FRESH_MS = 500;
const WATCH_MS = 1000;

const count = z.number().min(0);
const depth = z.object({ batches: count, bytes: count, oldestMs: count.optional() });
const linkList = z.array(z.object({ unit: z.string(), up: z.boolean(), depth: depth.optional() })).max(10_000);

export function createLinkControl(address: string, nowMs: () => number): LinkControl {
  const base = address.replace(/\/$/, '');
  let known: { readonly atMs: number; readonly links: Promise<readonly LinkState[]> } | undefined;

  async function ask(path: string, init: RequestInit): Promise<Response> {
    try {
      const answer = await fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) });
      if (answer.ok) return answer;
      throw new HttpError(502, 'link-control-refused', `the link control at ${base} answered ${answer.status}`);
    } catch (error) {
      if (error instanceof HttpError) throw error;
      throw new HttpError(
        502,
        'link-control-away',
        `the link control at ${base} does not answer: check console.linkControl, and that it is running`,
      );
    }
  }

  async function read(): Promise<readonly LinkState[]> {
    const answer = await ask('/links', {});
    const parsed = linkList.safeParse(await answer.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
    throw new HttpError(
      502,
      'link-control-unreadable',
      `the link control at ${base} sent something else than [{unit, up}]`,
    );
  }

  return {
    links() {
      if (known === undefined || nowMs() - known.atMs > FRESH_MS) known = { atMs: nowMs(), links: read() };
      return known.links;
    },
    async set(unit, up) {
      await ask(`/links/${encodeURIComponent(unit)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ up }),
      });
      known = undefined;
    },
  };
}

/** While a page is open, asks the control each second how much the units hold whose link is cut, and notes it. */
export function watchLinks(
  control: LinkControl,
  hub: StreamHub,
  depths: DepthLog,
  nowMs: () => number,
): { readonly stop: () => void } {
  const timer = setInterval(async () => {
    if (hub.size === 0) return;
    // A control that is away is shown with the vehicles; here there is nothing to note then.
    for (const { unit, up, depth } of await control.links().catch(() => [])) {
      if (up || depth === undefined) continue;
      const noted = { ...depth, atMs: nowMs() };
      depths.add(unit, noted);
      hub.note({ kind: 'depth', unit, depth: noted });
    }
  }, WATCH_MS).unref();
  return { stop: () => clearInterval(timer) };
}
