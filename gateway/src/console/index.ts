export type * from './data.ts';
export { type LedgerSummary, ledgerSegments, type Segment, type SegmentState, summarizeLedger } from './ledger-view.ts';
export { type Console, type ConsoleOptions, createConsole, type PlainAnswer } from './server.ts';
