export { type RepairedTime, repairRollover } from './date.ts';
export type { GnssFix } from './fix.ts';
export { checksumOf, SENTENCE_BYTES_MAX } from './framer.ts';
export { createNmeaParser, type NmeaCounts, type NmeaParser, type NmeaParserOptions } from './parser.ts';
export type { GnssSystem, Satellite } from './satellites.ts';
export type { SatellitesPart, Sentence, SentenceFix } from './sentences.ts';
export { appendFix, gnssTable } from './table.ts';
