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
