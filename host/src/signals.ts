import type { Logger } from './log.ts';

/**
 * Ends the process with status 1 when `failed` resolves. It does not wait for anything: what was acknowledged is durable,
 * and a service manager's fresh start does better than a process that can neither store nor close.
 */
export function exitWhenFailed(failed: Promise<Error>, log: Logger): void {
  void failed.then((error) => {
    log.fatal(error, 'a part that nothing works without has ended: this process ends too, to be started again');
    process.exit(1);
  });
}

/** Runs `stop` once on SIGTERM or SIGINT; a second signal ends the process at once. Resolves when `stop` has. */
export function untilSignal(stop: (signal: string) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const onSignal = (signal: string): void => {
      if (stopping) process.exit(130);
      stopping = true;
      stop(signal).then(resolve, reject);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
