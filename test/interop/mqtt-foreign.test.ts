import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MqttIngress } from '@iot/gateway';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedAcceptor } from '../contract/ingress.ts';
import { TestAuthority, writeCertificates } from '../sim/certificates.ts';
import { INGRESS } from './mqtt-unit.ts';

/** Clients that share no line of code with our side: mosquitto's (Debian: mosquitto-clients) and paho (scripts/peers.mjs). */

const run = promisify(execFile);
const python = resolve(import.meta.dirname, '../../.cache/venv/bin/python');
const hasMosquitto = spawnSync('mosquitto_pub', ['--help']).error === undefined;
const hasPaho = spawnSync(python, ['-c', 'import paho.mqtt.client']).status === 0;

describe('foreign clients', () => {
  const acceptor = new ScriptedAcceptor();
  let ingress: MqttIngress;
  let directory: string;
  let plain: string;
  let tls: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'odograph-mqtt-'));
    const authority = await TestAuthority.create();
    const server = await authority.server();
    writeCertificates(directory, authority, 'u1', await authority.client('u1'));
    ingress = new MqttIngress({
      ...INGRESS,
      acceptor,
      listeners: [...INGRESS.listeners, { ...INGRESS.listeners[0], tls: { ca: authority.certificate, ...server } }],
    });
    [plain, tls] = (await ingress.listen()).addresses.map((address) => new URL(address).port);
  });

  beforeEach(() => {
    acceptor.asked.length = 0;
    acceptor.verdict = { kind: 'accepted', duplicate: false };
  });

  afterAll(async () => {
    await ingress.close(0);
    rmSync(directory, { recursive: true, force: true });
  });

  describe.skipIf(!hasMosquitto)('mosquitto_pub and mosquitto_sub', () => {
    const publish = (port: string, version: string, ...extra: string[]) => {
      const args = ['-h', '127.0.0.1', '-p', port, '-V', version, '-i', 'u1', '-t', 'odograph/1/u1/batch', ...extra];
      return run('mosquitto_pub', args, { timeout: 15_000 });
    };
    const files = (name: string) => ['--cafile', `${directory}/ca.pem`, '--cert', `${directory}/${name}.pem`];
    const asUnit = () => [...files('u1'), '--key', `${directory}/u1.key.pem`];

    it.each([
      { version: 'mqttv5', qos: '1' },
      { version: 'mqttv311', qos: '1' },
      { version: 'mqttv5', qos: '0' },
      { version: 'mqttv311', qos: '0' },
    ])('publish: $version at QoS $qos', async ({ version, qos }) => {
      await publish(plain, version, '-q', qos, '-m', 'hello');
      await acceptor.whenAsked(1);
      expect(acceptor.asked[0]).toMatchObject({ unit: 'u1', payload: 'hello' });
    });

    it('publish 100 lines over TLS', async () => {
      const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
      const publishing = publish(tls, 'mqttv5', '-q', '1', '-l', ...asUnit());
      publishing.child.stdin?.end(`${lines.join('\n')}\n`);
      await publishing;
      expect(acceptor.asked.map(({ payload }) => payload)).toEqual(lines);
    });

    it('MQTT 3.1 and QoS 2 are refused', async () => {
      // mosquitto_pub says so on standard error; its exit code depends on the case.
      const complaint = (version: string, ...extra: string[]) =>
        publish(plain, version, '-m', 'x', ...extra).then(
          ({ stderr }) => stderr,
          ({ stderr }) => stderr,
        );
      expect(await complaint('mqttv31', '-q', '1')).toMatch(/protocol version/i);
      expect(await complaint('mqttv5', '-q', '2')).toMatch(/QoS not supported/i);
      expect(acceptor.asked).toEqual([]);
    });

    it('subscribe: hears the control topic', async () => {
      const args = [
        '-h',
        '127.0.0.1',
        '-p',
        plain,
        '-V',
        'mqttv5',
        '-i',
        'u1',
        '-t',
        'odograph/1/u1/control',
        '-q',
        '1',
      ];
      const connected = new Promise<void>((done) => {
        acceptor.connected = () => done();
      });
      const hearing = run('mosquitto_sub', [...args, '-C', '1'], { timeout: 15_000 });
      await connected;
      expect(ingress.control('u1', Buffer.from('schema wanted'))).toBe(true);
      expect((await hearing).stdout).toBe('schema wanted\n');
    });
  });

  it.skipIf(!hasPaho).each([
    { name: '5', protocol: '5', over: 'TCP' },
    { name: '3.1.1', protocol: '4', over: 'TCP' },
    { name: '5', protocol: '5', over: 'TLS' },
  ])('paho: MQTT $name over $over', async ({ protocol, over }) => {
    const script = join(import.meta.dirname, 'paho_unit.py');
    const place = over === 'TLS' ? [tls, protocol, 'u1', '200', directory] : [plain, protocol, 'u1', '200', '-'];
    const unit = run(python, [script, ...place], { timeout: 20_000 });
    await acceptor.whenAsked(1);
    expect(ingress.control('u1', Buffer.from('hello'))).toBe(true);
    const heard = JSON.parse((await unit).stdout);
    expect(heard).toEqual({
      granted: [1, protocol === '5' ? 0xa2 : 0x80],
      acknowledged: Array(200).fill(0),
      controls: ['hello'],
      gateway: protocol === '5' ? 'gateway-1' : null,
    });
    expect(acceptor.asked.map(({ payload }) => payload)).toEqual(Array.from({ length: 200 }, (_, i) => `message ${i}`));
  });
});
