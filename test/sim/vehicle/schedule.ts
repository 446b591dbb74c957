/** A message and how often it is due. */
export interface Periodic<T> {
  readonly periodMs: number;
  readonly what: T;
}

/**
 * Sends each message once per its period, as an ECU's timer does: each has a phase of its own, and comes up to 1 ms late.
 * Times are ms since the start.
 */
export class Timetable<T> {
  readonly #entries: { readonly what: T; readonly periodMs: number; dueMs: number; jitterMs: number }[];
  readonly #random: () => number;

  constructor(messages: readonly Periodic<T>[], random: () => number) {
    this.#random = random;
    this.#entries = messages.map(({ what, periodMs }) => ({ what, periodMs, dueMs: random() * periodMs, jitterMs: 0 }));
  }

  /** Calls `send` for all that is due by now, in the order of the times at which it was. */
  until(nowMs: number, send: (what: T, atMs: number) => void): void {
    const due: { readonly what: T; readonly atMs: number }[] = [];
    for (const entry of this.#entries) {
      while (entry.dueMs + entry.jitterMs <= nowMs) {
        due.push({ what: entry.what, atMs: entry.dueMs + entry.jitterMs });
        entry.dueMs += entry.periodMs;
        entry.jitterMs = this.#random();
      }
    }
    due.sort((a, b) => a.atMs - b.atMs);
    for (const { what, atMs } of due) send(what, atMs);
  }
}

/**
 * Asks for one thing at a time, the most overdue first, as a tester does on a diagnostic bus: an answer takes 12 to 30 ms, and
 * only then comes the next question. Times are ms since the start.
 */
export class RoundRobin<T> {
  readonly #entries: { readonly what: T; readonly periodMs: number; dueMs: number }[];
  readonly #random: () => number;
  #answerMs = 0;

  constructor(questions: readonly Periodic<T>[], random: () => number) {
    this.#random = random;
    this.#entries = questions.map(({ what, periodMs }) => ({ what, periodMs, dueMs: 0 }));
  }

  /** Calls `answer` for what was answered by now, with the time at which it was. */
  until(nowMs: number, answer: (what: T, atMs: number) => void): void {
    while (this.#answerMs <= nowMs) {
      const atMs = this.#answerMs;
      const next = this.#entries.reduce((a, b) =>
        (atMs - a.dueMs) / a.periodMs >= (atMs - b.dueMs) / b.periodMs ? a : b,
      );
      if (next.dueMs > atMs) {
        this.#answerMs = Math.min(...this.#entries.map(({ dueMs }) => dueMs)) + 12 * this.#random();
        continue;
      }
      answer(next.what, atMs);
      next.dueMs = Math.max(next.dueMs + next.periodMs, atMs);
      this.#answerMs = atMs + 12 + 18 * this.#random();
    }
  }
}
