export {
  type CandumpCounts,
  type CandumpReader,
  type CandumpReaderOptions,
  createCandumpReader,
  LINE_BYTES_MAX,
} from './reader.ts';
export { formatCandump } from './writer.ts';
