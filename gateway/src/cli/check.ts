import { accessSync, constants, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import type { Command } from '@iot/host';
import type { GatewayConfig } from '../config.ts';
import { gatewayJsonSchema } from '../config.ts';
import { configOption, readConfig } from './options.ts';

const CONNECT_MS = 3_000;

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

export const checkCommand: Command = {
  name: 'check',
  summary: 'check a config, the files it names and the brokers it points at',
  usage: '[--config FILE] [--json]',
  options: {
    config: configOption,
    schema: { type: 'boolean', help: 'print the JSON Schema of config files instead' },
    json: { type: 'boolean', help: 'one JSON object: what was checked and found' },
  },
  examples: [
    ['odograph-gateway check --config gateway.yaml', 'says what is wrong, by key and line, before anything is started'],
    ['odograph-gateway check --schema > gateway.schema.json', 'for completion in an editor'],
  ],
  async run(values) {
    if (values.schema) {
      process.stdout.write(`${JSON.stringify(gatewayJsonSchema(), null, 2)}\n`);
      return 0;
    }
    const { file, config } = readConfig(values);
    const findings = [
      { what: file, ok: true, detail: 'reads' },
      directory(config.dataDir),
      ...files(config, file),
      ...(await brokers(config)),
    ];
    const ok = findings.every((finding) => finding.ok);
    if (values.json) process.stdout.write(`${JSON.stringify({ ok, findings }, null, 2)}\n`);
    else
      for (const { what, ok: good, detail } of findings)
        process.stdout.write(`${good ? 'good' : 'BAD '}  ${what}: ${detail}\n`);
    return ok ? 0 : 1;
  },
};

function directory(path: string): Finding {
  const nearest = existsSync(path) ? path : dirname(resolve(path));
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return { what: path, ok: true, detail: nearest === path ? 'can be written to' : 'will be made' };
  } catch {
    return {
      what: path,
      ok: false,
      detail: `${nearest} is not there or may not be written to by this user: make it, or change dataDir`,
    };
  }
}

function files(config: GatewayConfig, configFile: string): Finding[] {
  const { tls, sasl } = config.sinks.kafka ?? {};
  const named = [
    ...config.mqtt.flatMap((listener) => Object.values(listener.tls ?? {})),
    ...Object.values(tls ?? {}),
    ...(sasl ? [sasl.passwordFile] : []),
  ];
  return named.map((file) => {
    const path = resolve(dirname(configFile), file);
    try {
      accessSync(path, constants.R_OK);
      return { what: path, ok: true, detail: 'can be read' };
    } catch {
      return { what: path, ok: false, detail: 'is not there or may not be read by this user' };
    }
  });
}

function brokers(config: GatewayConfig): Promise<Finding[]> {
  return Promise.all((config.sinks.kafka?.brokers ?? []).map(reach));
}

function reach(broker: string): Promise<Finding> {
  const at = broker.lastIndexOf(':');
  return new Promise((done) => {
    const socket = connect({ host: broker.slice(0, at), port: Number(broker.slice(at + 1)), timeout: CONNECT_MS });
    const end = (ok: boolean, detail: string): void => {
      socket.destroy();
      done({ what: `broker ${broker}`, ok, detail });
    };
    socket.on('connect', () => end(true, 'takes connections'));
    socket.on('timeout', () => end(false, `does not answer within ${CONNECT_MS / 1000} s: check address and firewall`));
    socket.on('error', (error) => end(false, `${error.message}: is Kafka running there?`));
  });
}
