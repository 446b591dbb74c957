import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type IngressMetrics, MqttIngress } from '@iot/gateway';
import { ErrorWithReasonCode } from 'mqtt';
import { generate } from 'mqtt-packet';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ingressContract, ScriptedAcceptor } from '../contract/ingress.ts';
import { type KeyPair, TestAuthority } from '../sim/certificates.ts';
import { INGRESS, MqttUnit } from './mqtt-unit.ts';

const DAY_MS = 86_400_000;

const authority = await TestAuthority.create();
const server = await authority.server();
const unit1 = await authority.client('u1');
const listeners = [
  { host: '127.0.0.1', port: 0, insecure: false, tls: { ca: authority.certificate, ...server } },
] as const;

function clientTls(pair: KeyPair | undefined): ConnectionOptions {
  return { ca: authority.certificate, ...(pair && { cert: pair.certificate, key: pair.key }) };
}

ingressContract('MQTT 5 over TLS by MQTT.js', {
  saysRefusals: true,
  create: (acceptor) => new MqttIngress({ ...INGRESS, listeners, acceptor }),
  connect: async (address, unit) =>
    MqttUnit.connect(address, unit, { protocolVersion: 5, ...tlsOf(unit === 'u1' ? unit1 : undefined) }),
});

function tlsOf(pair: KeyPair | undefined) {
  return { ca: authority.certificate, cert: pair?.certificate, key: pair?.key };
}

describe('mutual TLS', () => {
  const acceptor = new ScriptedAcceptor();
  const refused: string[] = [];
  let onRefused: (() => void) | undefined;
  let ingress: MqttIngress;
  let port: number;
  let address: string;
  let clockAheadMs = 0;

  const metrics: IngressMetrics = {
    packetIn() {},
    bytesIn() {},
    bytesOut() {},
    paused() {},
    connections() {},
    refused(reason) {
      refused.push(reason);
      onRefused?.();
    },
  };

  /** The next refusal that the gateway counts, once `run` has begun. */
  async function refusalOf(run: () => Promise<unknown>): Promise<string> {
    const counted = new Promise<void>((resolve) => {
      onRefused = resolve;
    });
    await expect(run()).rejects.toThrow();
    await counted;
    return refused.at(-1)!;
  }

  beforeAll(async () => {
    const clock = { ...INGRESS.clock, nowMs: () => Date.now() + clockAheadMs };
    ingress = new MqttIngress({ ...INGRESS, listeners, acceptor, metrics, clock });
    address = (await ingress.listen()).addresses[0];
    port = Number(new URL(address).port);
  });
  beforeEach(() => {
    refused.length = 0;
  });
  afterAll(() => ingress.close(0));

  const foreign = async () => (await TestAuthority.create('another CA')).client('u1');
  const past = { notBeforeMs: Date.now() - 2 * DAY_MS, notAfterMs: Date.now() - DAY_MS };
  const future = { notBeforeMs: Date.now() + DAY_MS };
  it.each([
    { name: 'no certificate', make: async () => undefined, reason: 'tls-no-certificate' },
    { name: 'a certificate of another CA', make: foreign, reason: 'tls-untrusted' },
    { name: 'an expired certificate', make: () => authority.client('u1', past), reason: 'tls-expired' },
    { name: 'a certificate from the future', make: () => authority.client('u1', future), reason: 'tls-not-yet-valid' },
    { name: 'a certificate for servers', make: async () => server, reason: 'tls-untrusted' },
  ])('refuses $name, and serves the next unit', async ({ make, reason }) => {
    const pair = await make();
    expect(await refusalOf(() => MqttUnit.connect(address, 'u1', { protocolVersion: 5, ...tlsOf(pair) }))).toBe(reason);
    const unit = await MqttUnit.connect(address, 'u1', { protocolVersion: 5, ...tlsOf(unit1) });
    expect(await unit.publish('batch', Buffer.from('b'))).toBe('accepted');
    await unit.close();
  });

  it.each([
    { protocolVersion: 5, code: 0x85 },
    { protocolVersion: 4, code: 0x02 },
  ] as const)(
    'MQTT $protocolVersion: refuses a client id other than the common name',
    async ({ protocolVersion, code }) => {
      const error = await MqttUnit.connect(address, 'u2', { protocolVersion, ...tlsOf(unit1) }).catch(
        (reason) => reason,
      );
      expect(error).toBeInstanceOf(ErrorWithReasonCode);
      expect(error).toMatchObject({ code });
      expect(refused).toEqual(['0x85']);
    },
  );

  it('refuses TLS 1.1 and what is no TLS at all', async () => {
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await refusalOf(() => handshake({ ...clientTls(unit1), ...old }))).toBe('tls-protocol');
    expect(await refusalOf(() => MqttUnit.connect(`mqtt://127.0.0.1:${port}`, 'u1', {}))).toBe('tls-protocol');
  });

  async function handshake(options: ConnectionOptions): Promise<TLSSocket> {
    const socket = connect({ host: '127.0.0.1', port, ...options });
    await once(socket, 'secureConnect');
    return socket;
  }

  /** CONNECT as u1 and the first byte of the answer's reason. */
  async function connack(socket: TLSSocket): Promise<number> {
    socket.write(generate({ cmd: 'connect', protocolVersion: 4, clientId: 'u1', clean: true, keepalive: 0 }));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes[3];
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'resumes a session by ticket, with the same identity: %s',
    async (version) => {
      const options = { ...clientTls(unit1), minVersion: version, maxVersion: version };
      const first = connect({ host: '127.0.0.1', port, ...options });
      const [session] = (await once(first, 'session')) as [Buffer];
      first.destroy();

      const second = await handshake({ ...options, session });
      expect(second.isSessionReused()).toBe(true);
      expect(await connack(second)).toBe(0);
      second.destroy();

      // Its certificate has run out since: a resumed session is not verified again by the library.
      clockAheadMs = 400 * DAY_MS;
      const counted = new Promise<void>((resolve) => {
        onRefused = resolve;
      });
      const third = connect({ host: '127.0.0.1', port, ...options, session });
      third.on('error', () => {});
      await Promise.all([counted, once(third, 'close')]);
      expect(refused).toEqual(['tls-expired']);
      clockAheadMs = 0;
    },
  );

  it('says which files are wrong before it listens', async () => {
    const tls = { ca: authority.certificate, certificate: 'no PEM', key: server.key };
    const broken = new MqttIngress({ ...INGRESS, acceptor, listeners: [{ ...listeners[0], tls }] });
    await expect(broken.listen()).rejects.toThrow(/TLS files cannot be used/);
  });
});
