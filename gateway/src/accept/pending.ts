import { type BatchHead, hexOf } from '@iot/batch';
import type { Verdict } from '../ports.ts';

interface Pending {
  readonly digest: string;
  readonly verdict: Promise<Verdict>;
}

/** Batches whose verdict is under way, by identity: a resend joins the first instead of being stored beside it. */
export class PendingBatches {
  readonly #pending = new Map<string, Pending>();

  /** Runs `decide` at once, unless the same identity is under way. */
  settle(head: BatchHead, decide: () => Promise<Verdict>): Promise<Verdict> {
    const identity = `${hexOf(head.epoch)}/${head.seq}/${head.unit}`;
    const first = this.#pending.get(identity);
    if (first) return first.digest === head.digest ? first.verdict : afterAnother(first.verdict);
    const verdict = decide().finally(() => this.#pending.delete(identity));
    this.#pending.set(identity, { digest: head.digest, verdict });
    return verdict;
  }
}

async function afterAnother(first: Promise<Verdict>): Promise<Verdict> {
  const verdict = await first;
  if (verdict.kind === 'accepted') return { kind: 'conflict' };
  return { kind: 'later', detail: 'another batch of the same identity was under way' };
}
