/** A port that cannot be used as configured: which, why, and what to do. */
export class DriverError extends Error {
  override readonly name = 'DriverError';
  readonly code = 'agent/driver';
}
