/** MQTT 5 §2.4 reason codes that this ingress sends. Metrics name refusals by them, whatever version the client speaks. */
export const SUCCESS = 0x00;
export const GRANTED_QOS_1 = 0x01;
export const NO_SUBSCRIPTION_EXISTED = 0x11;
export const MALFORMED_PACKET = 0x81;
export const PROTOCOL_ERROR = 0x82;
export const IMPLEMENTATION_SPECIFIC = 0x83;
export const UNSUPPORTED_PROTOCOL_VERSION = 0x84;
export const CLIENT_IDENTIFIER_NOT_VALID = 0x85;
export const NOT_AUTHORIZED = 0x87;
export const SERVER_SHUTTING_DOWN = 0x8b;
export const BAD_AUTHENTICATION_METHOD = 0x8c;
export const KEEP_ALIVE_TIMEOUT = 0x8d;
export const SESSION_TAKEN_OVER = 0x8e;
export const TOPIC_NAME_INVALID = 0x90;
export const RECEIVE_MAXIMUM_EXCEEDED = 0x93;
export const TOPIC_ALIAS_INVALID = 0x94;
export const PACKET_TOO_LARGE = 0x95;
export const QUOTA_EXCEEDED = 0x97;
export const PAYLOAD_FORMAT_INVALID = 0x99;
export const RETAIN_NOT_SUPPORTED = 0x9a;
export const QOS_NOT_SUPPORTED = 0x9b;
export const SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9e;
export const SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xa1;
export const WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xa2;

/** `0x95`: how a code is written in metrics, logs and messages. */
export function hexCode(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

/** MQTT 3.1.1 §3.2.2.3: the CONNACK return code that says most nearly what the reason code says. */
export function returnCodeOf(code: number): number {
  switch (code) {
    case SUCCESS:
      return 0;
    case UNSUPPORTED_PROTOCOL_VERSION:
      return 1;
    case CLIENT_IDENTIFIER_NOT_VALID:
      return 2;
    case NOT_AUTHORIZED:
      return 5;
    default:
      return 3;
  }
}

/** A client broke the protocol, or asks what is not served here: the connection ends with `code`. */
export class MqttError extends Error {
  override readonly name = 'MqttError';
  /** MQTT 5 reason code. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
