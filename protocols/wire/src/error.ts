/** What is wrong with bytes or text that came from outside. Callers branch on `code`, people read `message`. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** Stable and kebab-case, prefixed by the codec: `batch/truncated`, `dbc/bad-signal`. */
  readonly code: string;
  /** Where: a byte offset, or for text a line number starting at 1; undefined where there is no place. */
  readonly at: number | undefined;

  constructor(code: string, message: string, at?: number) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

export function isDecodeError(error: unknown): error is DecodeError {
  return error instanceof DecodeError;
}
