import type { ServerResponse } from 'node:http';
import type { ConsoleUpdate, EventInfo, LatestValue, Position } from './data.ts';

const SUBSCRIBERS_MAX = 64;
const BUFFER_BYTES_MAX = 1024 * 1024;
const TICK_MS = 500;
const HEARTBEAT_TICKS = 20;

interface Pending {
  readonly unit: string;
  readonly values: Map<string, LatestValue>;
  position?: Position;
  events: EventInfo[];
}

interface Subscriber {
  readonly response: ServerResponse;
  /** Only this vehicle's values are wanted; of the others, positions. */
  readonly vehicle: string | undefined;
}

const EVENTS_PENDING_MAX = 100;

/**
 * Server-sent events to every open page: what changed, gathered and sent twice a second, so that a busy fleet costs a page
 * as much as a quiet one. A page that does not read is dropped: it reconnects and loads afresh.
 */
export class StreamHub {
  #subscribers = new Set<Subscriber>();
  #readings = new Map<string, Pending>();
  #others = new Map<string, { readonly event: string; readonly data: object }>();
  #ticks = 0;
  #timer: NodeJS.Timeout | undefined;
  dropped = 0;

  get size(): number {
    return this.#subscribers.size;
  }

  /** False where there are as many subscribers as may be. */
  add(response: ServerResponse, vehicle: string | undefined): boolean {
    if (this.#subscribers.size >= SUBSCRIBERS_MAX) return false;
    const subscriber = { response, vehicle };
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    this.#subscribers.add(subscriber);
    response.on('close', () => this.#remove(subscriber));
    this.#timer ??= setInterval(() => this.tick(), TICK_MS).unref();
    return true;
  }

  /** Takes note of a change. Costs nothing while nobody watches. */
  note(update: ConsoleUpdate): void {
    if (this.#subscribers.size === 0) return;
    if (update.kind === 'readings') this.#noteReadings(update);
    else {
      const { kind, ...data } = update;
      this.#others.set(`${kind} ${update.unit}`, { event: kind, data });
    }
  }

  #noteReadings(update: ConsoleUpdate & { readonly kind: 'readings' }): void {
    let pending = this.#readings.get(update.vehicle);
    if (pending === undefined) {
      pending = { unit: update.unit, values: new Map(), events: [] };
      this.#readings.set(update.vehicle, pending);
    }
    for (const value of update.values) {
      const known = pending.values.get(value.signal);
      if (known === undefined || value.timeMs >= known.timeMs) pending.values.set(value.signal, value);
    }
    const { position, events } = update;
    if (position && !(pending.position && pending.position.timeMs > position.timeMs)) pending.position = position;
    if (events) pending.events = [...pending.events, ...events].slice(-EVENTS_PENDING_MAX);
  }

  /** Sends what has gathered, a heartbeat every ten seconds. */
  tick(): void {
    const common = [...this.#others.values()].map(({ event, data }) => message(event, data)).join('');
    const heartbeat = ++this.#ticks % HEARTBEAT_TICKS === 0 ? ': still here\n\n' : '';
    for (const subscriber of this.#subscribers) {
      const text = common + this.#readingsFor(subscriber) + heartbeat;
      if (text !== '') this.#send(subscriber, text);
    }
    this.#others.clear();
    this.#readings.clear();
  }

  #readingsFor({ vehicle: wanted }: Subscriber): string {
    if (this.#readings.size === 0) return '';
    const changes = [...this.#readings].map(([vehicle, { unit, values, position, events }]) => {
      const all = wanted === undefined || wanted === vehicle;
      return { vehicle, unit, position, ...(all ? { values: [...values.values()], events } : {}) };
    });
    return message('reading', changes);
  }

  #send(subscriber: Subscriber, text: string): void {
    if (subscriber.response.writableLength + text.length > BUFFER_BYTES_MAX) {
      this.dropped++;
      subscriber.response.destroy();
      this.#remove(subscriber);
    } else subscriber.response.write(text);
  }

  #remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#others.clear();
    this.#readings.clear();
  }

  close(): void {
    for (const subscriber of [...this.#subscribers]) {
      subscriber.response.end();
      this.#remove(subscriber);
    }
  }
}

function message(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
