export * from './back-off.ts';
export * from './cli.ts';
export * from './local-socket.ts';
export * from './log.ts';
export * from './signals.ts';
