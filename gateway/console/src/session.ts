import { ApiError, api, type Reading, type SpanMs, type Vehicle } from './api.ts';
import { decodeView, encodeView, SIGNALS_MAX, type View } from './hash.ts';
import { LiveStream } from './live.ts';
import {
  gatewayNow,
  isRecorded,
  type Latest,
  type PageStore,
  plottedSignals,
  selectedVehicle,
  spanInView,
} from './state.ts';

const VEHICLES_EVERY_S = 10;
const TRACK_POINTS = 1500;
const TRACKS_MAX = 20;
const EVENTS_SPAN_MS = 7 * 86_400_000;
const EVENTS_MAX = 200;
const LEDGER_MS_MIN = 1000;

/** What a person does with the page, and what that loads. Views call it; it changes the store and nothing else. */
export class Session {
  readonly #store: PageStore;
  readonly #stream: LiveStream;
  #ledgerTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: PageStore) {
    this.#store = store;
    this.#stream = new LiveStream({
      state: (connection) => this.#connection(connection),
      reading: (readings) => this.#readings(readings),
      link: ({ unit, connected }) => {
        this.#changeUnit(unit, (vehicle) => ({ ...vehicle, online: connected }));
        this.loadVehicles();
        this.#unitSoon(unit);
      },
      ledger: ({ unit }) => this.#unitSoon(unit),
      depth: ({ unit, depth }) => {
        this.#changeUnit(unit, (vehicle) => ({ ...vehicle, depth }));
        this.#unitSoon(unit);
      },
    });
    addEventListener('hashchange', () => this.#show(decodeView(location.hash)));
    document.addEventListener('visibilitychange', () => !document.hidden && this.#reload());
  }

  async start(): Promise<void> {
    await this.#guard(async () => {
      this.#store.set({ config: await api.config() });
    });
    await this.loadVehicles();
    this.#choose();
    setInterval(() => this.#everySecond(), 1000);
  }

  select(vehicle: string): void {
    const { view } = this.#store.state;
    if (view.vehicle === vehicle) return;
    const next: View = { vehicle, signals: undefined, span: 'liveMs' in view.span ? view.span : { liveMs: 900_000 } };
    history.pushState(null, '', encodeView(next));
    this.#show(next);
  }

  plot(signal: string, shown: boolean): void {
    const { state } = this.#store;
    const rest = plottedSignals(state).filter((name) => name !== signal);
    this.#replaceView({ ...state.view, signals: shown ? [...rest, signal].slice(-SIGNALS_MAX) : rest });
  }

  setSpan(span: View['span']): void {
    this.#replaceView({ ...this.#store.state.view, span });
    this.#loadTracks();
  }

  /** Moves the span by parts of its length: −0.5 is half of it back. */
  moveSpan(share: number): void {
    const { from, to } = spanInView(this.#store.state);
    const shift = (to - from) * share;
    this.setSpan({ from: from + shift, to: to + shift });
  }

  cursor(cursorMs: number | undefined): void {
    this.#store.set({ cursorMs });
  }

  async setLink(unit: string, up: boolean): Promise<void> {
    await api.setLink(unit, up);
    await this.loadVehicles();
    this.#unitSoon(unit);
  }

  retry(): void {
    this.#stream.retryNow();
    this.#reload();
  }

  async loadVehicles(): Promise<void> {
    await this.#guard(async () => {
      const { nowMs, vehicles } = await api.vehicles();
      const sorted = [...vehicles].sort((a, b) => a.vehicle.localeCompare(b.vehicle, 'en', { numeric: true }));
      this.#store.set({ vehicles: sorted, clockOffsetMs: nowMs - Date.now(), problem: undefined });
    });
  }

  /** The vehicle of the address, else the first; waits where there is none yet. */
  #choose(): void {
    const { vehicles, view } = this.#store.state;
    const vehicle = view.vehicle ?? vehicles?.[0]?.vehicle;
    this.#show({ ...view, vehicle });
  }

  #replaceView(view: View): void {
    history.replaceState(null, '', encodeView(view));
    this.#store.set({ view });
  }

  #show(view: View): void {
    this.#store.set({ view, signals: undefined, latest: new Map(), unit: undefined, events: undefined });
    this.#stream.open(view.vehicle);
    this.#reload();
  }

  async #reload(): Promise<void> {
    await this.loadVehicles();
    if (this.#store.state.view.vehicle === undefined) return;
    await Promise.all([this.#loadSignals(), this.#loadEvents(), this.#loadUnit(), this.#loadTracks()]);
  }

  async #loadSignals(): Promise<void> {
    const { vehicle } = this.#store.state.view;
    if (vehicle === undefined) return;
    await this.#guard(async () => {
      const signals = await api.signals(vehicle);
      if (this.#store.state.view.vehicle !== vehicle) return;
      const latest = new Map(this.#store.state.latest);
      for (const { name, latest: told } of signals) if (told && isNewer(told, latest.get(name))) latest.set(name, told);
      this.#store.set({ signals, latest });
    });
  }

  async #loadEvents(): Promise<void> {
    const selected = selectedVehicle(this.#store.state);
    if (selected === undefined) return;
    const to = (isRecorded(selected) ? selected.lastReadingMs! : gatewayNow(this.#store.state)) + 60_000;
    await this.#guard(async () => {
      const events = await api.events(selected.vehicle, { from: Math.max(0, to - EVENTS_SPAN_MS), to });
      if (this.#store.state.view.vehicle === selected.vehicle) this.#store.set({ events });
    });
  }

  async #loadUnit(): Promise<void> {
    const selected = selectedVehicle(this.#store.state);
    if (selected === undefined) return;
    await this.#guard(async () => {
      const unit = await api.unit(selected.unit);
      if (this.#store.state.view.vehicle === selected.vehicle) this.#store.set({ unit });
    });
  }

  /** Tracks over the span in view: of the selected vehicle always, of the others while they are few. */
  async #loadTracks(): Promise<void> {
    const { vehicles = [], view } = this.#store.state;
    const wanted =
      vehicles.length <= TRACKS_MAX ? vehicles : vehicles.filter(({ vehicle }) => vehicle === view.vehicle);
    await this.#guard(async () => {
      const tracks = await Promise.all(
        wanted.map(
          async ({ vehicle }) => [vehicle, await api.track(vehicle, this.#spanOf(vehicle), TRACK_POINTS)] as const,
        ),
      );
      this.#store.set({ tracks: new Map(tracks) });
    });
  }

  #spanOf(vehicle: string): SpanMs {
    const { state } = this.#store;
    return 'from' in state.view.span ? state.view.span : spanInView({ ...state, view: { ...state.view, vehicle } });
  }

  /** A burst of changes to the ledger costs one request a second. */
  #unitSoon(unit: string): void {
    if (this.#ledgerTimer !== undefined || unit !== selectedVehicle(this.#store.state)?.unit) return;
    this.#ledgerTimer = setTimeout(() => {
      this.#ledgerTimer = undefined;
      this.#loadUnit();
    }, LEDGER_MS_MIN);
  }

  #connection(connection: 'connecting' | 'live' | 'lost'): void {
    const before = this.#store.state.connection;
    this.#store.set({ connection });
    if (connection === 'live' && before === 'lost') this.#reload();
  }

  #readings(readings: readonly Reading[]): void {
    const { vehicles, view } = this.#store.state;
    const known = new Set(vehicles?.map(({ vehicle }) => vehicle));
    if (readings.some(({ vehicle }) => !known.has(vehicle))) this.loadVehicles().then(() => this.#chooseFirst());
    const byVehicle = new Map(readings.map((reading) => [reading.vehicle, reading]));
    const seenMs = gatewayNow(this.#store.state);
    this.#store.set({
      vehicles: vehicles?.map((vehicle) => {
        const reading = byVehicle.get(vehicle.vehicle);
        return reading ? withReading(vehicle, reading, seenMs) : vehicle;
      }),
    });
    const own = view.vehicle === undefined ? undefined : byVehicle.get(view.vehicle);
    if (own !== undefined) this.#ownReading(own);
  }

  #chooseFirst(): void {
    if (this.#store.state.view.vehicle === undefined) this.#choose();
  }

  #ownReading({ values = [], events = [] }: Reading): void {
    const { signals, events: known = [] } = this.#store.state;
    const latest = new Map(this.#store.state.latest);
    for (const value of values) if (isNewer(value, latest.get(value.signal))) latest.set(value.signal, value);
    this.#store.set({ latest });
    const names = new Set(signals?.map(({ name }) => name));
    if (signals !== undefined && values.some(({ signal }) => !names.has(signal))) this.#loadSignals();
    if (events.length === 0) return;
    this.#store.set({ events: [...events, ...known].sort((a, b) => b.timeMs - a.timeMs).slice(0, EVENTS_MAX) });
  }

  #changeUnit(unit: string, change: (vehicle: Vehicle) => Vehicle): void {
    const { vehicles } = this.#store.state;
    this.#store.set({ vehicles: vehicles?.map((vehicle) => (vehicle.unit === unit ? change(vehicle) : vehicle)) });
  }

  #everySecond(): void {
    if (document.hidden) return;
    const tick = this.#store.state.tick + 1;
    this.#store.set({ tick });
    if (this.#store.state.connection === 'lost') return;
    if (tick % VEHICLES_EVERY_S === 0) this.loadVehicles().then(() => this.#chooseFirst());
    const { span } = this.#store.state.view;
    const trackEveryS = 'liveMs' in span ? Math.min(Math.max(Math.round(span.liveMs / 300_000), 2), 60) : 60;
    if (tick % trackEveryS === 0) this.#loadTracks();
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // A vehicle that has not reported yet has no signals, track or events; its view says so.
      if (error instanceof ApiError && error.status === 404) return;
      this.#store.set({ problem: error instanceof Error ? error.message : String(error) });
    }
  }
}

function isNewer(told: Latest, known: Latest | undefined): boolean {
  return known === undefined || told.timeMs >= known.timeMs;
}

function withReading(vehicle: Vehicle, reading: Reading, seenMs: number): Vehicle {
  const { position = vehicle.position } = reading;
  const newest =
    vehicle.position && position && vehicle.position.timeMs > position.timeMs ? vehicle.position : position;
  const times = [
    vehicle.lastReadingMs ?? 0,
    newest?.timeMs ?? 0,
    ...(reading.values?.map(({ timeMs }) => timeMs) ?? []),
  ];
  return {
    ...vehicle,
    unit: reading.unit,
    online: true,
    position: newest,
    lastSeenMs: seenMs,
    lastReadingMs: Math.max(...times),
  };
}
