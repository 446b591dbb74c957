import { existsSync } from 'node:fs';

/** Kept by systemd-timesyncd while the system clock is synchronised. With another daemon, set `time.system: trust`. */
const MARK = '/run/systemd/timesync/synchronized';

/** Whether the time daemon says that the system clock follows NTP. */
export function isNtpSynchronised(): boolean {
  return existsSync(MARK);
}
