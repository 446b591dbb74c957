import { byteSize, duration, jsonSchemaOf } from '@iot/host/config';
import { z } from 'zod';

const port = z.number().int().min(0).max(65_535);

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

const tls = z.strictObject({
  ca: z.string().describe('PEM file of the CA that signs units'),
  certificate: z.string().describe("PEM file of the gateway's certificate chain"),
  key: z.string().describe("PEM file of the gateway's private key"),
});

const listener = z
  .strictObject({
    host: z.string().default('127.0.0.1'),
    port: port.default(1883),
    tls: tls.optional().describe('Without it plain MQTT, which is meant for this machine only'),
    insecure: z
      .boolean()
      .default(false)
      .describe('Allow plain MQTT beyond this machine: everyone on the way can read and forge'),
  })
  .refine((value) => value.tls !== undefined || value.insecure || LOOPBACK.test(value.host), {
    path: ['tls'],
    error:
      'is missing: beyond loopback units must be authenticated; add ca, certificate and key, or insecure: true where the network is trusted',
  });

const kafka = z.strictObject({
  brokers: z.array(z.string().regex(/^[^:]+:\d+$/, 'write HOST:PORT')).min(1),
  topic: z.string().default('odograph.batches'),
  statementsTopic: z.string().default('odograph.statements'),
  clientId: z.string().default('odograph-gateway'),
  compression: z.enum(['none', 'gzip', 'lz4', 'zstd']).default('zstd'),
  tls: z
    .strictObject({ ca: z.string().optional(), certificate: z.string().optional(), key: z.string().optional() })
    .optional(),
  sasl: z
    .strictObject({
      mechanism: z.enum(['SCRAM-SHA-256', 'SCRAM-SHA-512', 'PLAIN']),
      username: z.string(),
      passwordFile: z
        .string()
        .describe('File that holds the password, so that it is in no config and no argument list'),
    })
    .optional(),
});

const history = z.strictObject({
  retain: duration.default(7 * 86_400_000).describe('How long readings are kept'),
  bytesMax: byteSize.default(4 * 1024 ** 3),
});

export const gatewayConfig = z
  .strictObject({
    dataDir: z.string().describe('Directory of spool, ledger and history'),
    mqtt: z.array(listener).default([{ host: '127.0.0.1', port: 1883, insecure: false }]),
    limits: z
      .strictObject({
        connections: z.number().int().positive().default(10_000),
        receiveMaximum: z.number().int().min(1).max(65_535).default(64),
        packetBytesMax: byteSize.default(128 * 1024),
        inflightBytesMax: byteSize.default(64 * 1024 ** 2),
        handshake: duration.default(10_000),
      })
      .prefault({}),
    ack: z
      .enum(['spool', 'kafka'])
      .default('spool')
      .describe('When a batch is acknowledged: durable here, or in Kafka'),
    spool: z
      .strictObject({ bytesMax: byteSize.default(8 * 1024 ** 3), freeBytesMin: byteSize.default(256 * 1024 ** 2) })
      .prefault({}),
    sinks: z.strictObject({ history: history.optional(), kafka: kafka.optional() }).prefault({ history: {} }),
    console: z
      .strictObject({
        host: z
          .string()
          .default('127.0.0.1')
          .describe('The console has no sign-in: keep it on loopback or behind a proxy that has'),
        port: port.default(8080),
        names: z
          .array(z.string())
          .default([])
          .describe('Host names beside localhost under which a console on loopback is opened, by a proxy for example'),
        title: z.string().default('Odograph'),
        tileUrl: z
          .string()
          .optional()
          .describe('Raster tiles, `https://tiles.example/{z}/{x}/{y}.png`; without them the map shows tracks only'),
        linkControl: z
          .url()
          .optional()
          .describe("Address of a link control (demo and tests): shows a switch on each vehicle's page"),
      })
      .optional(),
    ready: z.strictObject({ undeliveredAgeMax: duration.default(300_000) }).prefault({}),
    stopGrace: duration.default(10_000).describe('How long a stop waits for what is under way'),
    log: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine((value) => value.ack !== 'kafka' || value.sinks.kafka !== undefined, {
    path: ['sinks', 'kafka'],
    error: 'is missing: `ack: kafka` acknowledges what Kafka holds, so name its brokers here',
  })
  .refine((value) => value.sinks.history !== undefined || value.sinks.kafka !== undefined, {
    path: ['sinks'],
    error: 'are missing: accepted batches must go somewhere; add history or kafka',
  });

export type GatewayConfig = z.output<typeof gatewayConfig>;

export function gatewayJsonSchema(): object {
  return jsonSchemaOf(gatewayConfig, 'odograph-gateway configuration');
}
