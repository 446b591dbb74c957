export type * from './data.ts';
export {
  type LedgerCounts,
  type LedgerSummary,
  ledgerSegments,
  type Segment,
  type SegmentState,
  summarizeLedger,
} from './ledger-view.ts';
export { type Console, type ConsoleOptions, createConsole, type PlainAnswer } from './server.ts';
