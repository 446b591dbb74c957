import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { StreamHub } from '../src/console/stream.ts';

/** The part of a response that a stream uses; `stuck` is one whose reader does not read. */
class FakeResponse extends EventEmitter {
  written = '';
  destroyed = false;
  stuck = false;

  get writableLength(): number {
    return this.stuck ? this.written.length : 0;
  }
  writeHead(): this {
    return this;
  }
  write(text: string): boolean {
    this.written += text;
    return !this.stuck;
  }
  end(): void {
    this.emit('close');
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
  /** The data of all events of a name. */
  events(name: string): unknown[] {
    return this.written
      .split('\n\n')
      .filter((part) => part.startsWith(`event: ${name}\n`))
      .map((part) => JSON.parse(part.slice(part.indexOf('data: ') + 6)));
  }
}

function open(hub: StreamHub, vehicle?: string): FakeResponse {
  const response = new FakeResponse();
  expect(hub.add(response as unknown as ServerResponse, vehicle)).toBe(true);
  return response;
}

const reading = (vehicle: string, timeMs: number, value: number) =>
  ({
    kind: 'readings',
    vehicle,
    unit: `of-${vehicle}`,
    values: [{ signal: 'S', unit: 'V', timeMs, value }],
    position: { timeMs, latitude: 1, longitude: 2 },
  }) as const;

describe('the live stream', () => {
  it('sends the newest value of a signal once a tick, whatever came before', () => {
    const hub = new StreamHub();
    const page = open(hub, 'a');
    hub.note(reading('a', 1000, 1));
    hub.note(reading('a', 3000, 3));
    hub.note(reading('a', 2000, 2));
    expect(page.events('reading')).toEqual([]);
    hub.tick();
    hub.tick();
    expect(page.events('reading')).toMatchObject([
      [{ vehicle: 'a', values: [{ signal: 'S', value: 3 }], position: { timeMs: 3000 } }],
    ]);
    hub.close();
  });

  it('sends the values of the vehicle that is asked for, and of the others the position', () => {
    const hub = new StreamHub();
    const page = open(hub, 'a');
    hub.note(reading('b', 1000, 1));
    hub.tick();
    const [[only]] = page.events('reading') as [[object]];
    expect(only).toEqual({ vehicle: 'b', unit: 'of-b', position: { timeMs: 1000, latitude: 1, longitude: 2 } });
    hub.close();
  });

  it('sends link, ledger and depth of a unit once a tick, the last that was said', () => {
    const hub = new StreamHub();
    const page = open(hub);
    hub.note({ kind: 'link', unit: 'u', connected: false, detail: 'gone' });
    hub.note({ kind: 'link', unit: 'u', connected: true, detail: 'back' });
    hub.note({ kind: 'ledger', unit: 'u' });
    hub.note({ kind: 'ledger', unit: 'u' });
    hub.note({ kind: 'depth', unit: 'u', depth: { batches: 7, bytes: 70, atMs: 1 } });
    hub.tick();
    expect(page.events('link')).toEqual([{ unit: 'u', connected: true, detail: 'back' }]);
    expect(page.events('ledger')).toEqual([{ unit: 'u' }]);
    expect(page.events('depth')).toEqual([{ unit: 'u', depth: { batches: 7, bytes: 70, atMs: 1 } }]);
    hub.close();
  });

  it('drops a page that does not read, and keeps the others', () => {
    const hub = new StreamHub();
    const slow = open(hub);
    const good = open(hub);
    slow.stuck = true;
    const long = 'x'.repeat(300_000);
    for (let i = 0; i < 5; i++) {
      hub.note({ kind: 'link', unit: 'u', connected: true, detail: `${i}${long}` });
      hub.tick();
    }
    expect(slow.destroyed).toBe(true);
    expect(hub.dropped).toBe(1);
    expect(hub.size).toBe(1);
    expect(good.events('link')).toHaveLength(5);
    hub.close();
  });

  it('has room for 64 pages', () => {
    const hub = new StreamHub();
    const pages = Array.from({ length: 64 }, () => open(hub));
    const refused = new FakeResponse() as unknown as ServerResponse;
    expect(hub.add(refused, undefined)).toBe(false);
    pages[0].end();
    expect(hub.add(refused, undefined)).toBe(true);
    hub.close();
    expect(hub.size).toBe(0);
  });
});
