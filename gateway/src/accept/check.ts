import {
  type BatchHead,
  type DecodedBatch,
  decodeBody,
  decodeStatement,
  parseSchema,
  readHead,
  type Schema,
  type Statement,
  verifyDigest,
} from '@iot/batch';
import { isDecodeError } from '@iot/wire';

/** What cannot be accepted, ever, and why. */
export interface Refusal {
  readonly refused: string;
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}

/** Reads a batch's head: whole, unchanged on the way, and of the unit that sent it. The body stays closed. */
export function checkHead(payload: Uint8Array, unit: string): BatchHead | Refusal {
  return orRefusal(() => {
    const head = readHead(payload);
    if (head.unit !== unit) return { refused: `the batch is of unit '${head.unit}', and '${unit}' sent it` };
    if (head.seq < 1) return { refused: `seq ${head.seq} is not a number that a store gives: they start at 1` };
    if (!verifyDigest(head)) return { refused: 'the digest does not match header, schema hash and body' };
    return head;
  });
}

/** Opens the body: all of it must decode, or a sink would choke on it later. */
export function checkBody(head: BatchHead, schema: Schema): DecodedBatch | Refusal {
  return orRefusal(() => decodeBody(head, schema));
}

export function checkSchema(payload: Uint8Array): Schema | Refusal {
  return orRefusal(() => parseSchema(payload));
}

/** Reads a statement of the unit that sent it. */
export function checkStatement(payload: Uint8Array, unit: string): Statement | Refusal {
  return orRefusal(() => {
    const statement = decodeStatement(payload);
    if (statement.unit !== unit)
      return { refused: `the statement is of unit '${statement.unit}', and '${unit}' sent it` };
    return statement;
  });
}

function orRefusal<T extends object>(read: () => T | Refusal): T | Refusal {
  try {
    return read();
  } catch (error) {
    if (!isDecodeError(error)) throw error;
    return { refused: `${error.message} (${error.code})` };
  }
}
