import { type Control, encodeControl, readHead } from '@iot/batch';
import { isDecodeError } from '@iot/wire';
import type { Acceptor, MessageKind, Verdict } from '../ports.ts';
import type { Answer } from './ack-queue.ts';
import type { Agreement } from './connect.ts';
import { IMPLEMENTATION_SPECIFIC, PAYLOAD_FORMAT_INVALID, QUOTA_EXCEEDED, SUCCESS } from './reasons.ts';

const ACCEPTED: Answer = { code: SUCCESS };
const CONFLICT: Answer = { code: IMPLEMENTATION_SPECIFIC, reason: 'conflict' };
const SCHEMA_UNKNOWN: Answer = { code: IMPLEMENTATION_SPECIFIC, reason: 'schema-unknown' };

export interface Message {
  readonly kind: MessageKind;
  readonly qos: 0 | 1;
  readonly payload: Buffer;
}

/**
 * Asks the acceptor, and puts its verdict into MQTT's words. What a PUBACK cannot tell this client goes another way: a
 * refusal to the dead-letter queue (3.1.1, and QoS 0 in any version), the reason for a resend to the control topic.
 */
export async function judge(acceptor: Acceptor, agreement: Agreement, message: Message): Promise<Answer> {
  const { kind, qos, payload } = message;
  const { unit, version, reasons } = agreement;
  const verdict = await acceptor.accept(kind, unit, payload);
  switch (verdict.kind) {
    case 'accepted':
      return ACCEPTED;
    case 'refused':
      if (version === 5 && qos === 1) return { code: PAYLOAD_FORMAT_INVALID, reason: verdict.detail };
      await acceptor.deadLetter(kind, unit, payload, verdict.detail);
      return ACCEPTED;
    case 'conflict':
      return reasons ? CONFLICT : { ...CONFLICT, control: controlFor(verdict, payload) };
    case 'schema-unknown':
      return reasons ? SCHEMA_UNKNOWN : { ...SCHEMA_UNKNOWN, control: controlFor(verdict, payload) };
    case 'later':
      return later(verdict.detail);
  }
}

/** Not now: MQTT 5 hears it in a PUBACK, 3.1.1 by the end of its connection. */
export function later(detail: string): Answer {
  return { code: QUOTA_EXCEEDED, reason: detail };
}

function controlFor(
  verdict: Verdict & { kind: 'conflict' | 'schema-unknown' },
  payload: Buffer,
): Uint8Array | undefined {
  if (verdict.kind === 'schema-unknown') return encodeControl({ kind: 'schema-wanted', hash: verdict.hash });
  try {
    const { epoch, seq } = readHead(payload);
    const control: Control = { kind: 'conflict', epoch, seq };
    return encodeControl(control);
  } catch (error) {
    // No batch, so no identity to name; the refusal itself is still said.
    if (isDecodeError(error)) return undefined;
    throw error;
  }
}
