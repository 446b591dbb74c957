import { join } from 'node:path';
import { askLocal, serveLocal } from '@iot/host';

/** What the commands of this machine ask a running gateway. */
export type Question = { readonly ask: 'status' } | { readonly ask: 'ledger'; readonly units: readonly string[] };

const socketOf = (dataDir: string): string => join(dataDir, 'gateway.sock');

/** Answers questions on a local socket in the data directory. */
export function serveQuestions(
  dataDir: string,
  answer: (question: Question) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  return serveLocal(socketOf(dataDir), (question) => answer(question as Question));
}

/** Asks the gateway that runs on this data directory; undefined where none does. */
export function ask<Answer>(dataDir: string, question: Question): Promise<Answer | undefined> {
  return askLocal(socketOf(dataDir), question);
}
