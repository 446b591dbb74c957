export { DecodeError, isDecodeError } from './error.ts';
export * from './frame.ts';
export * from './table.ts';
