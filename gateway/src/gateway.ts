import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from '@iot/host';
import { BatchAcceptor } from './accept/acceptor.ts';
import { LiveUpdates } from './accept/live.ts';
import { Withheld } from './accept/withheld.ts';
import type { GatewayConfig } from './config.ts';
import { createGatewayData } from './console/gateway-data.ts';
import { type Console, createConsole } from './console/index.ts';
import { Delivery } from './delivery/delivery.ts';
import { MqttIngress } from './ingress/index.ts';
import { ledgerOf } from './ledger/units.ts';
import type { EpochView } from './ledger/view.ts';
import { serveQuestions } from './local-socket.ts';
import { createMetrics, type GatewayMetrics } from './metrics.ts';
import { Opened } from './opened.ts';
import type { Acceptor, Clock, Sink } from './ports.ts';
import { createProbes } from './probes.ts';
import { Sessions } from './sessions.ts';
import { HistorySink } from './sinks/history/history.ts';
import { KafkaSink } from './sinks/kafka.ts';
import { SPOOL_BOUNDS } from './spool/api.ts';
import { Spool } from './spool/spool.ts';

export interface GatewayOptions {
  readonly config: GatewayConfig;
  /** The file it came from: paths in it are relative to it. */
  readonly configFile: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

export interface Gateway {
  readonly addresses: { readonly mqtt: readonly string[]; readonly console: string | undefined };
  /** Id of the data directory. */
  readonly id: string;
  /** Resolves where spool or history ended by themselves: a gateway without them is none. Pending for ever otherwise. */
  readonly failed: Promise<Error>;
  /** What is known of a unit's batches here, an epoch each. */
  ledger(unit: string): Promise<readonly EpochView[]>;
  /** Answers what is under way, loses nothing, closes. */
  stop(): Promise<void>;
}

/** The page as `vite build` leaves it, beside src and dist. */
const PAGE_DIR = join(import.meta.dirname, '../console/dist');
const WITHHELD = { withholdMsMax: 30_000, bytesMax: 64 * 1024 ** 2, groupBytesMax: 1024 ** 2 };

/** Puts a gateway together from its config and starts it. Where that fails, nothing stays open. @throws ConfigError and others that say what to do */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const opened = new Opened();
  try {
    return await openGateway(options, opened);
  } catch (error) {
    await opened.close().catch((left: unknown) => options.log.error(left, 'after a start that failed'));
    throw error;
  }
}

async function openGateway(options: GatewayOptions, opened: Opened): Promise<Gateway> {
  const { config, clock, random, log } = options;
  mkdirSync(config.dataDir, { recursive: true, mode: 0o750 });
  const metrics = createMetrics();
  const sessions = new Sessions(() => clock.nowMs());
  const { sinks, history, kafka } = await openSinks(options, opened);
  const spool = await Spool.open({
    path: join(config.dataDir, 'spool.db'),
    sinks: sinks.map((sink) => sink.name),
    bounds: { ...SPOOL_BOUNDS, ...config.spool },
    clock,
    metrics: metrics.dataPlane,
    log,
  });
  opened.add(() => spool.close());
  const delivery = new Delivery({ sinks, spool, clock, random, metrics: metrics.dataPlane, log });
  opened.add(() => delivery.stop());
  const withheld =
    config.ack === 'kafka' && kafka
      ? new Withheld({ ...WITHHELD, sink: kafka, clock, random, metrics: metrics.dataPlane, log })
      : undefined;
  opened.add(() => withheld?.stop());
  const live = new LiveUpdates(log);
  const acceptor = new BatchAcceptor({
    store: spool,
    live,
    clock,
    metrics: metrics.dataPlane,
    log,
    ...(withheld && kafka && { withheld: { sink: kafka.name, queue: withheld } }),
  });
  opened.add(() => acceptor.stop());
  const ingress = makeIngress(options, spool.gateway, watched(acceptor, sessions), metrics);
  const probes = createProbes({ config, spool, sinks, metrics, clock, state: () => ingress.state });
  const questions = await serveQuestions(config.dataDir, async (question) =>
    question.ask === 'status' ? probes.status() : ledgerOf(spool, question.units),
  );
  opened.add(() => questions.close());
  const data = createGatewayData({ history, spool, sessions, live, clock });
  const page = config.console && makeConsole(options, config.console, data, probes.paths);
  opened.add(() => page?.close());
  const consoleAddress = await page?.listen();
  // Units come in last, when all that answers them stands, and leave first.
  opened.add(() => ingress.close(config.stopGrace));
  const { addresses } = await ingress.listen();
  delivery.start();

  return {
    id: spool.gateway,
    addresses: { mqtt: addresses, console: consoleAddress },
    ledger: (unit) => spool.ledger(unit),
    failed: Promise.race([spool.failed, ...(history ? [history.failed] : [])]),
    stop: () => opened.close(),
  };
}

async function openSinks({ config, configFile, clock, log }: GatewayOptions, opened: Opened) {
  const history = config.sinks.history
    ? await HistorySink.open({
        path: join(config.dataDir, 'history.db'),
        retainMs: config.sinks.history.retain,
        bytesMax: config.sinks.history.bytesMax,
        clock,
        log,
      })
    : undefined;
  opened.add(() => history?.close());
  const kafka = config.sinks.kafka ? makeKafkaSink(config.sinks.kafka, configFile, log) : undefined;
  opened.add(() => kafka?.close());
  const sinks: Sink[] = [history, kafka].filter((sink) => sink !== undefined);
  return { sinks, history, kafka };
}

function makeKafkaSink(
  config: NonNullable<GatewayConfig['sinks']['kafka']>,
  configFile: string,
  log: Logger,
): KafkaSink {
  const read = (file: string | undefined): Buffer | undefined =>
    file === undefined ? undefined : readBeside(configFile, file);
  const { tls, sasl } = config;
  return new KafkaSink({
    ...config,
    log,
    tls: tls && { ca: read(tls.ca), cert: read(tls.certificate), key: read(tls.key) },
    sasl: sasl && {
      mechanism: sasl.mechanism,
      username: sasl.username,
      password: () => readBeside(configFile, sasl.passwordFile).toString('utf8').trim(),
    },
  });
}

/** A file that the config names, relative to it. */
function readBeside(configFile: string, file: string): Buffer {
  const path = resolve(dirname(configFile), file);
  try {
    return readFileSync(path);
  } catch (error) {
    const mend = 'check the path in the config and who may read it';
    throw Object.assign(new Error(`${path} cannot be read: ${(error as Error).message}; ${mend}`), {
      code: 'gateway/file',
    });
  }
}

function makeIngress(
  { config, configFile, clock, log }: GatewayOptions,
  gatewayId: string,
  acceptor: Acceptor,
  metrics: GatewayMetrics,
) {
  const { handshake, ...limits } = config.limits;
  return new MqttIngress({
    listeners: config.mqtt.map(({ tls, ...listener }) => ({
      ...listener,
      ...(tls && {
        tls: {
          ca: readBeside(configFile, tls.ca),
          certificate: readBeside(configFile, tls.certificate),
          key: readBeside(configFile, tls.key),
        },
      }),
    })),
    limits: { ...limits, handshakeMs: handshake },
    gatewayId,
    acceptor,
    clock,
    log,
    metrics: metrics.ingress,
  });
}

/** The acceptor, with who is connected noted on the way. */
function watched(acceptor: BatchAcceptor, sessions: Sessions): Acceptor {
  return {
    accept: (...args) => acceptor.accept(...args),
    deadLetter: (...args) => acceptor.deadLetter(...args),
    connected(unit, session) {
      sessions.up(unit, session);
      acceptor.connected(unit, session);
    },
    disconnected(unit, detail) {
      sessions.down(unit);
      acceptor.disconnected(unit, detail);
    },
  };
}

function makeConsole(
  { clock, log }: GatewayOptions,
  config: NonNullable<GatewayConfig['console']>,
  data: ReturnType<typeof createGatewayData>,
  probes: ReturnType<typeof createProbes>['paths'],
): Console {
  return createConsole({
    ...config,
    pageDir: PAGE_DIR,
    data,
    probes,
    nowMs: () => clock.nowMs(),
    onError: (error, path) => log.error({ err: error, path }, 'console'),
  });
}
