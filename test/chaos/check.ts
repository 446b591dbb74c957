import type { BatchRecord, Evidence, Kill, StoreContents } from './evidence.ts';

export interface JudgeRules {
  /** What a kill may cost at most: the agent's commit interval, with what this machine may take for the commit itself. */
  readonly lostSpanMsMax: number;
}

/**
 * The judge: what was promised and did not hold, in words; empty where all did. The truth is what the store had
 * committed, as read from its file at each kill and at the end; what arrived is held against it, batch by batch, and the
 * counter shows what was lost or doubled before there was a batch.
 */
export function findings(evidence: Evidence, rules: JudgeRules): string[] {
  const { final, sinks } = evidence;
  return [
    ...ofStore(final),
    ...evidence.kills.flatMap((kill) => ofKill(kill, final, rules)),
    ...ofCounts('the store', final.batches, evidence),
    ...sinks.flatMap((sink) => [
      ...ofArrivals(sink.name, sink.mayRepeat, sink.arrivals, final.batches),
      ...ofCounts(sink.name, onceEach(sink.arrivals), evidence),
    ]),
    ...ofLedger(evidence),
  ];
}

function ofStore({ epochs, nextSeq, batches, journaled }: StoreContents): string[] {
  const found: string[] = [];
  if (epochs.length !== 1) found.push(`the store opened ${epochs.length} epochs: nothing called for a second`);
  if (journaled.length > 0) found.push(`${journaled.length} counts were left in the journal by an orderly stop`);
  const seqs = new Set(batches.map(({ seq }) => seq));
  for (let seq = 1; seq < nextSeq; seq++) if (!seqs.has(seq)) found.push(`the store lost seq ${seq}`);
  if (seqs.size !== batches.length) found.push('the store holds a seq twice');
  return found;
}

/** What was durable at a kill is there in the end, under the same number, and no number was given to anything else. */
function ofKill({ round, store, lostSpanMs }: Kill, final: StoreContents, rules: JudgeRules): string[] {
  const found: string[] = [];
  const bySeq = new Map(final.batches.map((batch) => [batch.seq, batch]));
  for (const before of store.batches) {
    const after = bySeq.get(before.seq);
    if (!after || after.epoch !== before.epoch)
      found.push(`round ${round}: seq ${before.seq} was committed and is gone`);
    else if (after.bodyHash !== before.bodyHash) found.push(`round ${round}: seq ${before.seq} was used again`);
    else if (before.digest !== undefined && before.digest !== after.digest)
      found.push(`round ${round}: seq ${before.seq} was offered as ${before.digest} and became ${after.digest}`);
  }
  const counts = new Set(final.batches.flatMap((batch) => batch.counts));
  const lost = store.journaled.filter((count) => !counts.has(count));
  if (lost.length > 0) found.push(`round ${round}: ${spanOf(lost)} lay in the journal and were not recovered`);
  if (lostSpanMs > rules.lostSpanMsMax)
    found.push(`round ${round}: the kill cost ${Math.round(lostSpanMs)} ms, more than ${rules.lostSpanMsMax}`);
  return found;
}

function ofArrivals(
  sink: string,
  mayRepeat: boolean,
  arrivals: readonly BatchRecord[],
  committed: readonly BatchRecord[],
): string[] {
  const found: string[] = [];
  const first = new Map<string, BatchRecord>();
  for (const batch of arrivals) {
    const known = first.get(identityOf(batch));
    if (!known) first.set(identityOf(batch), batch);
    else if (known.digest !== batch.digest) found.push(`${sink}: two batches are ${identityOf(batch)}`);
    else if (!mayRepeat) found.push(`${sink}: ${identityOf(batch)} is there twice`);
  }
  for (const batch of committed) {
    const arrived = first.get(identityOf(batch));
    first.delete(identityOf(batch));
    if (!arrived) found.push(`${sink}: ${identityOf(batch)} was committed and never arrived`);
    else if (arrived.digest !== batch.digest || arrived.bodyHash !== batch.bodyHash)
      found.push(`${sink}: ${identityOf(batch)} arrived as ${arrived.digest}, the store has ${batch.digest}`);
  }
  for (const identity of first.keys()) found.push(`${sink}: ${identity} arrived and the store has no such batch`);
  return found;
}

/** Each count once, in some batch; missing only what was on the bus between a kill's last commit and the next start. */
function ofCounts(where: string, batches: readonly BatchRecord[], evidence: Evidence): string[] {
  const { kills, sentAtFirstReady, sentAtEnd } = evidence;
  const times = new Uint32Array(sentAtEnd + 1);
  const found: string[] = [];
  for (const count of batches.flatMap(({ counts }) => counts)) {
    if (count < 1 || count > sentAtEnd) found.push(`${where}: count ${count} was never sent`);
    else times[count]++;
  }
  const excused = new Uint8Array(sentAtEnd + 1).fill(1, 0, sentAtFirstReady + 1);
  // What a life collected, it committed in the order of the bus: only its end may be missing.
  for (const { durable, sentAtReady } of kills) excused.fill(1, durable + 1, sentAtReady + 1);
  const all = Array.from({ length: sentAtEnd }, (_, i) => i + 1);
  const doubled = all.filter((count) => times[count] > 1);
  const missing = all.filter((count) => times[count] === 0 && !excused[count]);
  if (doubled.length > 0) found.push(`${where}: ${spanOf(doubled)} are there twice`);
  if (missing.length > 0) found.push(`${where}: ${spanOf(missing)} are missing, and no kill explains it`);
  return found;
}

function ofLedger({ ledger, final }: Evidence): string[] {
  const epoch = final.epochs.at(-1);
  const found = ledger
    .filter((one) => one.epoch !== epoch)
    .map((one) => `the ledger knows epoch ${one.epoch}, the store does not`);
  const view = ledger.find((one) => one.epoch === epoch);
  if (!view) return [...found, `the ledger knows nothing of the store's epoch ${epoch}`];
  if (view.missing !== 0) found.push(`the ledger calls ${view.missing} missing`);
  if (view.gaps.length > 0) found.push(`the ledger has gaps: ${JSON.stringify(view.gaps)}`);
  if (view.notSeen.length > 0) found.push(`the ledger has not seen ${JSON.stringify(view.notSeen)}`);
  if (view.nextSeq !== final.nextSeq)
    found.push(`the ledger's next seq is ${view.nextSeq}, the store's ${final.nextSeq}`);
  const whole = JSON.stringify([[1, final.nextSeq - 1]]);
  if (JSON.stringify(view.accepted) !== whole)
    found.push(`the ledger accepted ${JSON.stringify(view.accepted)}, not ${whole}`);
  return found;
}

function onceEach(batches: readonly BatchRecord[]): BatchRecord[] {
  return [...new Map(batches.map((batch) => [identityOf(batch), batch])).values()];
}

function identityOf({ epoch, seq }: BatchRecord): string {
  return `${epoch.slice(0, 8)}/${seq}`;
}

function spanOf(counts: readonly number[]): string {
  return `${counts.length} counts from ${counts[0]} to ${counts[counts.length - 1]}`;
}
