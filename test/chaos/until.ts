import { setTimeout as sleep } from 'node:timers/promises';

const ASK_EVERY_MS = 250;
const PATIENCE_MS = 120_000;

/** Asks until the answer is yes. @throws where it is not within two minutes, saying what was waited for */
export async function until(what: string, isDone: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}`);
    await sleep(ASK_EVERY_MS);
  }
}
