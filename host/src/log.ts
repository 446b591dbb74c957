import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log, at any depth that we log. */
const SECRET = ['password', 'token', 'key', 'authorization', '*.password', '*.token', '*.key', '*.authorization'];

/** JSON lines on standard error (or `to`): standard output belongs to a command's result. */
export function createLogger(name: string, level: string, to?: DestinationStream): Logger {
  return pino(
    { name, level, redact: { paths: SECRET, censor: '[secret]' }, timestamp: pino.stdTimeFunctions.isoTime },
    to ?? pino.destination({ fd: 2, sync: true }),
  );
}
