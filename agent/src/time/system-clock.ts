import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Clock } from '../ports.ts';

/** A gap between the two clocks larger than this is a suspend; smaller ones are /proc/uptime's resolution of 10 ms. */
const SUSPEND_US_MIN = 50_000;

/**
 * The boot-time clock. Node's monotonic clock stops while the system is suspended, and the kernel's boot-time clock
 * reaches Node only with 10 ms of resolution: so the first gives the microseconds, the second its corrections.
 */
export function createSystemClock(): Clock {
  const readMonotonicUs = (): number => Number(process.hrtime.bigint() / 1000n);
  let offsetUs = uptime() * 1e6 - readMonotonicUs();
  let nextCheckUs = 0;
  return {
    bootId: readBootId(),
    bootUs() {
      const monotonicUs = readMonotonicUs();
      if (monotonicUs >= nextCheckUs) {
        nextCheckUs = monotonicUs + 1_000_000;
        const measured = uptime() * 1e6 - monotonicUs;
        if (measured - offsetUs > SUSPEND_US_MIN) offsetUs = measured;
      }
      return monotonicUs + Math.round(offsetUs);
    },
    wallUs: () => Date.now() * 1000,
    setTimer(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

function readBootId(): Uint8Array {
  try {
    const text = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return Uint8Array.from(Buffer.from(text.trim().replaceAll('-', ''), 'hex'));
  } catch {
    // Not Linux: every start counts as a boot of its own, which is true of the clock as far as we can know it.
    return Uint8Array.from(randomBytes(16));
  }
}
