import { byteSize, duration, jsonSchemaOf } from '@iot/host/config';
import { z } from 'zod';

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'use 1 to 63 letters, digits, dots, dashes or underscores, beginning with a letter or digit',
  );

const decodeKeys = {
  name: name.describe('Name of the bus in tables and metrics'),
  dbc: z.array(z.string()).default([]).describe('DBC files, relative to the config file'),
  names: z
    .record(z.string(), z.string())
    .default({})
    .describe('Signal names: `<Message>.<Signal>` of the DBC to the COVESA VSS path it goes by'),
};

const bus = z.discriminatedUnion('driver', [
  z.strictObject({
    driver: z.literal('socketcan'),
    ...decodeKeys,
    interface: z.string().describe('Network interface, `can0`'),
  }),
  z.strictObject({
    driver: z.literal('virtual'),
    ...decodeKeys,
    path: z.string().describe('Path of the local socket that is the bus'),
  }),
  z.strictObject({
    driver: z.literal('replay'),
    ...decodeKeys,
    file: z.string().describe('candump text, plain or gzipped'),
    interface: z.string().optional().describe('Take only the frames of this interface of the log; default all'),
    speed: z
      .union([z.number().positive(), z.literal('max')])
      .default(1)
      .describe('Times its own pace, or `max`'),
    stamp: z
      .enum(['log', 'now'])
      .default('now')
      .describe("`log` keeps the recording's times; `now` stamps frames as they are replayed"),
    loop: z.boolean().default(false),
  }),
]);

const gnss = z.discriminatedUnion('driver', [
  z.strictObject({
    driver: z.literal('serial'),
    name: name.default('gnss'),
    device: z.string().describe('`/dev/ttyUSB0`, or better a path below /dev/serial/by-id'),
    baudRate: z.number().int().positive().default(9600),
  }),
  z.strictObject({
    driver: z.literal('tcp'),
    name: name.default('gnss'),
    host: z.string().default('127.0.0.1'),
    port: z.number().int().min(1).max(65_535),
  }),
  z.strictObject({
    driver: z.literal('dbc'),
    time: z.string().describe('Signal that carries Unix seconds, by the name it goes by: `gnss_time.Epoch`'),
    valid: z.string().optional().describe('Signal that is 1 where the time is right'),
  }),
]);

const rule = z
  .strictObject({
    signals: z.string().describe('Signal name, `*` for any characters'),
    mode: z.enum(['every', 'change', 'period', 'deadband', 'off']),
    period: duration.optional().describe('With mode period: at most one row in this time'),
    deadband: z.number().positive().optional().describe("With mode deadband: least change, in the signal's unit"),
    heartbeat: duration.default(60_000).describe('With modes change and deadband: a row at least this often'),
  })
  .refine((value) => value.mode !== 'period' || value.period !== undefined, {
    path: ['period'],
    error: 'is missing: mode period needs one, `period: 1s`',
  })
  .refine((value) => value.mode !== 'deadband' || value.deadband !== undefined, {
    path: ['deadband'],
    error: "is missing: mode deadband needs one in the signal's unit, `deadband: 0.5`",
  });

const tls = z.strictObject({
  ca: z.string().describe('PEM file of the CA that signed the gateway'),
  certificate: z.string().describe("PEM file of this unit's certificate; its common name is the unit"),
  key: z.string().describe("PEM file of this unit's private key"),
});

const LOOPBACK = /^mqtt:\/\/(127\.\d+\.\d+\.\d+|\[::1\]|localhost)(:|\/|$)/;

const gateway = z
  .strictObject({
    address: z.url({
      protocol: /^mqtts?$/,
      error: 'write mqtts://HOST:8883, or mqtt://127.0.0.1:1883 on this machine',
    }),
    tls: tls.optional(),
    insecure: z
      .boolean()
      .default(false)
      .describe('Allow plain MQTT beyond this machine: everyone on the way can read and forge'),
    window: z.number().int().min(1).max(1000).default(32).describe('Batches outstanding at most'),
    keepAlive: duration.default(30_000),
    reconnect: z.strictObject({ first: duration.default(500), max: duration.default(60_000) }).prefault({}),
  })
  .refine((value) => !value.address.startsWith('mqtts:') || value.tls !== undefined, {
    path: ['tls'],
    error: 'is missing: mqtts needs ca, certificate and key',
  })
  .refine((value) => value.address.startsWith('mqtts:') || value.insecure || LOOPBACK.test(value.address), {
    path: ['address'],
    error:
      'is plain MQTT to another machine: use mqtts:// with gateway.tls, or set gateway.insecure: true if the network is trusted',
  });

export const agentConfig = z
  .strictObject({
    unit: name.describe('Name of this unit, as in its certificate'),
    vehicle: name.describe('What the unit is mounted in'),
    dataDir: z.string().describe('Directory of the store and its sidecar'),
    gateway: gateway.optional().describe('Without one, batches stay in the store'),
    buses: z.array(bus).default([]),
    gnss: z.array(gnss).default([]),
    collect: z.array(rule).default([]).describe('First match holds; what none matches is collected from every frame'),
    batch: z
      .strictObject({
        live: duration.default(5_000).describe('Span of a batch while the link is up'),
        backlog: duration.default(30_000).describe('Span of a batch while it is down'),
        demoteAfter: duration.default(60_000).describe('Age at which a live batch becomes backlog'),
      })
      .prefault({}),
    store: z
      .strictObject({
        bytesMax: byteSize.default(512 * 1024 ** 2),
        commit: duration.default(1_000).describe('Group commit interval: what a power loss can cost'),
      })
      .prefault({}),
    time: z
      .strictObject({
        notBefore: z.iso
          .date()
          .default('2026-01-01')
          .describe('No true time is before this date: repairs GPS week rollovers'),
        wait: duration.default(120_000).describe('How long batches wait for a clock after the start'),
        system: z
          .enum(['auto', 'trust', 'ignore'])
          .default('auto')
          .describe('What the system clock is worth without GNSS'),
      })
      .prefault({}),
    statement: duration.default(60_000).describe('How often the store is stated to the gateway'),
    log: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine((value) => new Set(value.buses.map((one) => one.name)).size === value.buses.length, {
    path: ['buses'],
    error: 'two buses have the same name; give each its own',
  })
  .refine((value) => new Set(value.buses.map((one) => one.driver === 'replay' && one.stamp === 'log')).size < 2, {
    path: ['buses'],
    error: 'a replay with stamp: log keeps its own time and cannot be mixed with buses that keep ours; use stamp: now',
  });

export type AgentConfig = z.output<typeof agentConfig>;
export type BusConfig = AgentConfig['buses'][number];
export type GnssConfig = AgentConfig['gnss'][number];

export function agentJsonSchema(): object {
  return jsonSchemaOf(agentConfig, 'odograph-agent configuration');
}
