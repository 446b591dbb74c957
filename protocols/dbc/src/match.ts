import { ID_ERROR, ID_EXTENDED, ID_REMOTE } from '@iot/wire';
import type { Dbc, DbcMessage } from './types.ts';

export interface Match {
  readonly message: DbcMessage;
  /** J1939 source address; undefined for messages that match by their whole id. */
  readonly source?: number;
}

/**
 * Finds the message of a CAN id (with flags, as in FrameBlock): by its whole id, else, for J1939, by PGN at any source
 * address and priority. Where several files have it, the first does.
 */
export interface Matcher {
  match(id: number): Match | undefined;
}

/**
 * Parameter group number of a 29-bit id. SAE J1939-21 §5.2: of PDU1 (PF below 240) the PS field is the destination
 * address and no part of it.
 */
export function pgnOf(id: number): number {
  const format = (id >>> 16) & 0xff;
  const pageAndFormat = (id >>> 8) & 0x3ff00;
  return format < 240 ? pageAndFormat : pageAndFormat | ((id >>> 8) & 0xff);
}

export function createMatcher(databases: readonly Dbc[]): Matcher {
  const byId = new Map<number, DbcMessage>();
  const byPgn = new Map<number, DbcMessage>();
  for (const message of databases.flatMap((database) => database.messages)) {
    if (!byId.has(message.id)) byId.set(message.id, message);
    if (message.isJ1939 && !byPgn.has(pgnOf(message.id))) byPgn.set(pgnOf(message.id), message);
  }
  return {
    match(id) {
      if ((id & (ID_REMOTE | ID_ERROR)) !== 0) return undefined;
      const message = byId.get(id) ?? ((id & ID_EXTENDED) !== 0 ? byPgn.get(pgnOf(id)) : undefined);
      if (!message) return undefined;
      return message.isJ1939 ? { message, source: id & 0xff } : { message };
    },
  };
}
