export * from './cli.ts';
export * from './config.ts';
export * from './log.ts';
export * from './signals.ts';
