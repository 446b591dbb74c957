export { type CompiledMessage, type CompileOptions, compileMessage, type FrameDecoder } from './compile.ts';
export { createMatcher, type Match, type Matcher, pgnOf } from './match.ts';
export { parseDbc } from './parse.ts';
export type { Dbc, DbcMessage, DbcProblem, DbcSignal } from './types.ts';
