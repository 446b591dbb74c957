/** An answer other than 2xx. `code` is stable, `message` says what to do about it. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  readonly parameter: string | undefined;

  constructor(status: number, code: string, message: string, parameter?: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.parameter = parameter;
  }
}

export function isHttpError(error: unknown): error is HttpError {
  return error instanceof HttpError;
}

export function errorBody(error: HttpError): object {
  return { error: { code: error.code, message: error.message, parameter: error.parameter } };
}
