import type { ISubscribePacket } from 'mqtt-packet';
import {
  GRANTED_QOS_1,
  NOT_AUTHORIZED,
  SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
  SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
  SUCCESS,
  WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
} from './reasons.ts';

/** MQTT 5 reason codes of a SUBACK, one a subscription (§3.9.3): a unit may hear its own control topic and nothing else. */
export function judgeSubscribe(packet: ISubscribePacket, controlTopic: string): number[] {
  const identified = packet.properties?.subscriptionIdentifier !== undefined;
  return packet.subscriptions.map(({ topic, qos }) => {
    if (identified) return SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED;
    if (topic === controlTopic) return qos === 0 ? SUCCESS : GRANTED_QOS_1;
    if (topic.startsWith('$share/')) return SHARED_SUBSCRIPTIONS_NOT_SUPPORTED;
    return /[+#]/.test(topic) ? WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED : NOT_AUTHORIZED;
  });
}
