import type { IConnackPacket, IConnectPacket } from 'mqtt-packet';
import type { ProtocolVersion } from './codec.ts';
import { type IngressLimits, KEEP_ALIVE_SECONDS_MAX, TOPIC_ALIAS_MAXIMUM } from './limits.ts';
import {
  BAD_AUTHENTICATION_METHOD,
  CLIENT_IDENTIFIER_NOT_VALID,
  NOT_AUTHORIZED,
  PROTOCOL_ERROR,
  QOS_NOT_SUPPORTED,
  RETAIN_NOT_SUPPORTED,
} from './reasons.ts';
import { isUnitName } from './topics.ts';

/** Who the transport says the client is: a certificate's common name, or nobody on plain TCP. */
export type Identity = { readonly kind: 'certificate'; readonly name: string | undefined } | { readonly kind: 'none' };

/** What a CONNECT settled for the rest of the session. */
export interface Agreement {
  readonly unit: string;
  readonly version: ProtocolVersion;
  /** Silence after which the client is gone, s; 0 means never (3.1.1 only). */
  readonly keepAliveSeconds: number;
  /** Control messages the client takes unacknowledged. */
  readonly receiveMaximum: number;
  /** Largest packet the client takes. */
  readonly packetBytesMax: number;
  /** Whether reason strings may go with acknowledgements [MQTT-3.1.2-29]. */
  readonly reasons: boolean;
}

export type Refusal = { readonly code: number; readonly reason: string };

/**
 * The protocol name and level of a CONNECT (§3.1.2.1, §3.1.2.2), read before the rest: a client of another version gets
 * its answer in a form it knows. Undefined where the packet is no CONNECT that says so much.
 */
export function protocolLevel(packet: Buffer): { readonly name: string; readonly level: number } | undefined {
  // Fixed header: type, and at most four bytes of length, the last below 0x80.
  let at = 1;
  while (at < packet.length && packet[at] >= 0x80) at++;
  at++;
  if (at + 2 > packet.length) return undefined;
  const length = packet.readUInt16BE(at);
  if (length > 6 || at + 2 + length >= packet.length) return undefined;
  return { name: packet.toString('latin1', at + 2, at + 2 + length), level: packet[at + 2 + length] };
}

/** Judges a CONNECT (§3.1). */
export function judgeConnect(
  packet: IConnectPacket,
  version: ProtocolVersion,
  identity: Identity,
): Agreement | Refusal {
  const properties = packet.properties ?? {};
  if (properties.authenticationMethod !== undefined)
    return { code: BAD_AUTHENTICATION_METHOD, reason: 'no authentication method is offered: units have certificates' };
  const refusal = judgeIdentity(packet.clientId, identity) ?? (version === 5 ? judgeWill(packet) : undefined);
  if (refusal) return refusal;
  const { receiveMaximum = 65_535, maximumPacketSize = 268_435_460 } = properties;
  if (!(receiveMaximum > 0) || !(maximumPacketSize > 0))
    return { code: PROTOCOL_ERROR, reason: 'Receive Maximum and Maximum Packet Size may come once, and not be 0' };
  const asked = packet.keepalive ?? 0;
  return {
    unit: packet.clientId,
    version,
    keepAliveSeconds: version === 5 ? Math.min(asked || KEEP_ALIVE_SECONDS_MAX, KEEP_ALIVE_SECONDS_MAX) : asked,
    receiveMaximum,
    packetBytesMax: maximumPacketSize,
    reasons: version === 5 && properties.requestProblemInformation !== false,
  };
}

function judgeIdentity(clientId: string, identity: Identity): Refusal | undefined {
  const { name } = identity.kind === 'certificate' ? identity : { name: clientId };
  if (identity.kind === 'certificate' && (name === undefined || !isUnitName(name)))
    return { code: NOT_AUTHORIZED, reason: "the certificate's common name is no unit name" };
  if (!isUnitName(clientId))
    return {
      code: CLIENT_IDENTIFIER_NOT_VALID,
      reason: "the client id must be the unit's name: 1 to 63 letters, digits, dots, dashes or underscores",
    };
  if (name !== clientId)
    return {
      code: CLIENT_IDENTIFIER_NOT_VALID,
      reason: `the client id is ${clientId}, but the certificate is for ${name}: they must be the same`,
    };
  return undefined;
}

/** A will within what CONNACK offers is taken and published to nobody; one beyond it must be refused [MQTT-3.2.2-12, -13]. */
function judgeWill(packet: IConnectPacket): Refusal | undefined {
  if (packet.will?.qos === 2) return { code: QOS_NOT_SUPPORTED, reason: 'the maximum QoS is 1' };
  if (packet.will?.retain) return { code: RETAIN_NOT_SUPPORTED, reason: 'nothing is retained' };
  return undefined;
}

/** CONNACK of an accepted client (§3.2): always a clean session, with what is and is not served. */
export function connackOf(
  connect: IConnectPacket,
  agreement: Agreement,
  limits: IngressLimits,
  gatewayId: string,
): IConnackPacket {
  if (agreement.version === 4) return { cmd: 'connack', returnCode: 0, sessionPresent: false };
  const { keepAliveSeconds } = agreement;
  return {
    cmd: 'connack',
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      sessionExpiryInterval: 0,
      receiveMaximum: limits.receiveMaximum,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: limits.packetBytesMax,
      topicAliasMaximum: TOPIC_ALIAS_MAXIMUM,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      ...(keepAliveSeconds !== connect.keepalive && { serverKeepAlive: keepAliveSeconds }),
      userProperties: { 'odograph-gateway': gatewayId },
    },
  };
}
