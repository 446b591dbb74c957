import { mkdirSync } from 'node:fs';
import { createMatcher } from '@iot/dbc';
import type { Logger } from '@iot/host';
import { BusCollector } from './collect/bus-collector.ts';
import { type CollectRule, compileCampaign } from './collect/campaign.ts';
import { GnssCollector } from './collect/gnss-collector.ts';
import { OpenBatch } from './collect/open-batch.ts';
import { newestTime } from './collect/time-signal.ts';
import { Committer } from './committer.ts';
import type { AgentConfig, BusConfig } from './config.ts';
import { makeBuses, makeStream } from './drivers/index.ts';
import { readDbc, readNamed, resolveFrom } from './files.ts';
import type { ByteStream, CanBus, Clock, Store, Uplink } from './ports.ts';
import { serveStatus } from './status.ts';
import { openStore, type StoreOptions } from './store/index.ts';
import { Discipline } from './time/discipline.ts';
import { KnownBoots } from './time/known-boots.ts';
import { isNtpSynchronised } from './time/synchronised.ts';
import { Sender } from './uplink/sender.ts';

export interface AgentOptions {
  readonly config: AgentConfig;
  /** The file it came from: paths in it are relative to it. */
  readonly configFile: string;
  /** Names this machine: a store that moves to another opens a new epoch. */
  readonly machineId: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Opens the store; by default the one in SQLite. */
  readonly openStore?: (options: StoreOptions) => Promise<Store>;
}

export interface Agent {
  /** Resolves when every source that ends (recordings) has, and what it gave is in the store. */
  readonly ended: Promise<void>;
  /** Resolves where the store ended by itself: nothing is kept from then on. Pending for ever otherwise. */
  readonly failed: Promise<Error>;
  /** Resolves when the store holds nothing that a gateway has not accepted. */
  drained(): Promise<void>;
  status(): Promise<object>;
  stop(): Promise<void>;
}

interface Receiver {
  readonly stream: ByteStream;
  readonly collector: GnssCollector;
}

/** Puts an agent together from its config and starts it. @throws ConfigError, DriverError, FileError with what to do */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, clock, log } = options;
  mkdirSync(config.dataDir, { recursive: true, mode: 0o750 });
  const isLog = config.buses.some((bus) => bus.driver === 'replay' && bus.stamp === 'log');
  const notBeforeUs = Date.parse(config.time.notBefore) * 1000;
  const startedUs = clock.bootUs();

  const discipline = new Discipline({
    boot: clock.bootId,
    notBeforeUs,
    rtcAfterUs: config.gnss.length > 0 ? startedUs + config.time.wait * 1000 : Number.NEGATIVE_INFINITY,
    // What this computer's clock does is no part of a recording, which has a time of its own.
    onEvent: (event) => {
      if (!isLog) open.event(event);
    },
  });
  const open: OpenBatch = new OpenBatch({
    vehicle: config.vehicle,
    boot: isLog ? undefined : clock.bootId,
    spanUs: (config.gateway ? config.batch.live : config.batch.backlog) * 1000,
    onCut: (batches) => committer.take(batches),
  });
  const buses = makeBuses(config.buses, {
    ...options,
    pace: () => committer.pace(),
    onDamage: (message) => log.warn(message),
  });
  const collectors = config.buses.map((bus) => makeCollector(options, bus, open));
  const receivers = makeReceivers(options, open, discipline, notBeforeUs, (name, attributes) =>
    committer.event(name, attributes),
  );
  const store = await (options.openStore ?? openStore)({
    path: `${config.dataDir}/store.db`,
    unit: config.unit,
    vehicle: config.vehicle,
    machineId: options.machineId,
    bootId: clock.bootId,
    bytesMax: config.store.bytesMax,
  });
  const uplink = config.gateway && (await makeUplink(options, config.gateway));
  const boots = new KnownBoots(`${config.dataDir}/clock.json`);
  const sender =
    uplink &&
    makeSender(options, store, uplink, { discipline, boots, startedUs }, (up, detail) => committer.onLink(up, detail));
  const times = config.gnss.flatMap((one) => (one.driver === 'dbc' ? [{ time: one.time, valid: one.valid }] : []));
  let toldUs = Number.NEGATIVE_INFINITY;
  const committer: Committer = new Committer({
    config,
    clock,
    log,
    store,
    open,
    discipline,
    sender,
    buses,
    isSystemClockSynchronised: isNtpSynchronised,
    onCommit: () => {
      noteBoot(boots, discipline, log);
      for (const { collector } of receivers) collector.poll(clock.bootUs());
      for (const names of times) {
        const told = newestTime(open.tables(), names, toldUs);
        if (!told || isLog) continue;
        toldUs = told[0];
        discipline.gnss(...told);
      }
    },
  });

  const status = (): Promise<object> =>
    describe(options, { store, uplink, buses, receivers, collectors, discipline, committer });
  let statusServer: Awaited<ReturnType<typeof serveStatus>> | undefined;
  const stop = async (): Promise<void> => {
    for (const { stream } of receivers) await stream.close();
    await committer.stop();
    await statusServer?.close();
  };
  try {
    statusServer = await serveStatus(config.dataDir, status);
    committer.start();
    await Promise.all(buses.map((bus, i) => bus.open((block) => collectors[i].take(block))));
    await Promise.all(
      receivers.map(({ stream, collector }) => stream.open((bytes, bootUs) => collector.receive(bytes, bootUs))),
    );
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    status,
    failed: store.failed,
    ended: Promise.all(buses.map((bus) => bus.ended)).then(async () => {
      open.cut();
      await committer.commit();
    }),
    drained: async () => {
      while ((await store.depth()).batches > 0) await new Promise<void>((resolve) => clock.setTimer(200, resolve));
    },
    stop,
  };
}

/** The mapping goes on without its file, which is tried again at each commit. */
function noteBoot(boots: KnownBoots, { mapping }: Discipline, log: Logger): void {
  try {
    if (mapping) boots.note(mapping);
  } catch (error) {
    log.debug(error, 'the clock mapping cannot be remembered over a reboot');
  }
}

function makeCollector({ config, configFile, log }: AgentOptions, bus: BusConfig, open: OpenBatch): BusCollector {
  const databases = bus.dbc.map((file) =>
    readDbc(resolveFrom(configFile, file), (name, { line, message }) => log.warn(`${name}:${line}: ${message}`)),
  );
  return new BusCollector({
    bus: bus.name,
    matcher: createMatcher(databases),
    open,
    nameOf: (signal) => bus.names[signal] ?? signal,
    samplingOf: compileCampaign({ rules: config.collect.map(ruleOf) }),
  });
}

function ruleOf({ signals, mode, period, deadband, heartbeat }: AgentConfig['collect'][number]): CollectRule {
  const heartbeatUs = heartbeat * 1000;
  switch (mode) {
    case 'off':
      return { signals, sampling: undefined };
    case 'every':
      return { signals, sampling: { mode } };
    case 'period':
      return { signals, sampling: { mode, periodUs: period! * 1000 } };
    case 'change':
      return { signals, sampling: { mode, heartbeatUs } };
    case 'deadband':
      return { signals, sampling: { mode, deadband: deadband!, heartbeatUs } };
  }
}

function makeReceivers(
  options: AgentOptions,
  open: OpenBatch,
  discipline: Discipline,
  notBeforeUs: number,
  onEvent: (name: string, attributes: Record<string, string | number>) => void,
): Receiver[] {
  const parts = { ...options, pace: async () => {}, onDamage: () => {} };
  return options.config.gnss.flatMap((config) => {
    const stream = makeStream(config, parts);
    if (!stream) return [];
    const onTime = (bootUs: number, utcUs: number): void => discipline.gnss(bootUs, utcUs);
    return [{ stream, collector: new GnssCollector({ name: stream.name, open, notBeforeUs, onTime, onEvent }) }];
  });
}

/** The MQTT client is loaded where there is a gateway to speak to: it takes 15 MB of memory. */
async function makeUplink(
  { config, configFile, clock, random }: AgentOptions,
  gateway: NonNullable<AgentConfig['gateway']>,
): Promise<Uplink> {
  const { MqttUplink } = await import('./uplink/mqtt.ts');
  const { address, tls, window, keepAlive, reconnect } = gateway;
  return new MqttUplink({
    address,
    unit: config.unit,
    tls: tls && {
      ca: readNamed(resolveFrom(configFile, tls.ca), 'CA certificate'),
      certificate: readNamed(resolveFrom(configFile, tls.certificate), 'certificate'),
      key: readNamed(resolveFrom(configFile, tls.key), 'private key'),
    },
    windowMax: window,
    keepAliveSeconds: Math.ceil(keepAlive / 1000),
    reconnectMs: reconnect,
    clock,
    random,
  });
}

function makeSender(
  { config, clock, log, random }: AgentOptions,
  store: Store,
  uplink: Uplink,
  {
    discipline,
    boots,
    startedUs,
  }: { readonly discipline: Discipline; readonly boots: KnownBoots; readonly startedUs: number },
  onLink: (up: boolean, detail: string) => void,
): Sender {
  return new Sender({
    store,
    uplink,
    clock,
    log,
    random,
    onLink,
    statementMs: config.statement,
    mappings: () => boots.mappings,
    waitedOutUs: () =>
      clock.bootUs() - startedUs < config.time.wait * 1000 ? 0 : clock.bootUs() - config.time.wait * 1000,
    nowUs: () => discipline.mapping && clock.bootUs() + discipline.mapping.offsetUs,
  });
}

interface Described {
  readonly store: Store;
  readonly uplink: Uplink | undefined;
  readonly buses: readonly CanBus[];
  readonly receivers: readonly Receiver[];
  readonly collectors: readonly BusCollector[];
  readonly discipline: Discipline;
  readonly committer: Committer;
}

async function describe({ config }: AgentOptions, parts: Described): Promise<object> {
  const { store, uplink, buses, receivers, collectors, discipline, committer } = parts;
  const { mapping } = discipline;
  return {
    unit: config.unit,
    vehicle: config.vehicle,
    link: uplink ? uplink.state : { up: false, detail: 'no gateway in the config: batches stay in the store' },
    store: { epoch: store.epoch, ...(await store.depth()) },
    collected: committer.figures,
    buses: buses.map((bus, i) => ({ name: bus.name, ...bus.health(), decoded: collectors[i].decoded })),
    receivers: receivers.map(({ stream, collector }) => ({
      name: stream.name,
      ...stream.health(),
      ...collector.counts,
    })),
    clock: mapping ? { source: mapping.source, uncertaintyUs: mapping.uncertaintyUs } : { source: 'none' },
  };
}
