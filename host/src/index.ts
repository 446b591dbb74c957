export * from './cli.ts';
export * from './log.ts';
export * from './signals.ts';
