import { decodeControl, encodeBody, makeSchema, sealBatch } from '@iot/batch';
import { MqttIngress } from '@iot/gateway';
import { afterEach, describe, expect, it } from 'vitest';
import { ingressContract, ScriptedAcceptor } from '../contract/ingress.ts';
import { INGRESS, MqttUnit } from './mqtt-unit.ts';

for (const protocolVersion of [5, 4] as const) {
  ingressContract(`MQTT ${protocolVersion === 5 ? '5' : '3.1.1'} by MQTT.js`, {
    saysRefusals: protocolVersion === 5,
    create: (acceptor) => new MqttIngress({ ...INGRESS, acceptor }),
    connect: (address, unit) => MqttUnit.connect(address, unit, { protocolVersion }),
  });
}

describe('MQTT.js', () => {
  const acceptor = new ScriptedAcceptor();
  let ingress: MqttIngress;
  afterEach(() => ingress.close(0));

  async function start(): Promise<string> {
    ingress = new MqttIngress({ ...INGRESS, acceptor });
    return (await ingress.listen()).addresses[0];
  }

  it('uses topic aliases by itself, and learns the gateway’s id', async () => {
    const address = await start();
    const unit = await MqttUnit.connect(address, 'u1', {
      protocolVersion: 5,
      autoUseTopicAlias: true,
      autoAssignTopicAlias: true,
    });
    for (let i = 0; i < 20; i++) expect(await unit.publish('batch', Buffer.from([i]))).toBe('accepted');
    expect(acceptor.asked.slice(-20).map(({ payload }) => payload.charCodeAt(0))).toEqual([...Array(20).keys()]);
    await unit.close();
  });

  it('3.1.1 is told of a conflict on its control topic, with the identity', async () => {
    const address = await start();
    const schema = makeSchema([]);
    const header = {
      unit: 'u1',
      vehicle: 'car-1',
      epoch: new Uint8Array(16).fill(3),
      seq: 42,
      lane: 'live',
      clock: { source: 'ntp', uncertaintyUs: 0 },
      t0Us: 0,
    } as const;
    const { bytes } = sealBatch(header, schema.hash, encodeBody(schema, [], [], 0));
    for (const [verdict, control] of [
      [{ kind: 'conflict' }, { kind: 'conflict', epoch: header.epoch, seq: 42 }],
      [
        { kind: 'schema-unknown', hash: schema.hash },
        { kind: 'schema-wanted', hash: schema.hash },
      ],
    ] as const) {
      acceptor.verdict = verdict;
      const unit = await MqttUnit.connect(address, 'u1', { protocolVersion: 4 });
      const said = unit.nextControl();
      expect(await unit.publish('batch', bytes)).toBe('closed');
      expect(decodeControl(await said)).toEqual(control);
      await unit.close();
    }
  });
});
