/**
 * How Node runs our source in a process: the packages' `source` condition, and a budget that keeps V8 from optimising the calls
 * between JavaScript and WebAssembly. Node strips types by a WebAssembly module that all threads share, and in Node 24
 * (V8 13.6) that optimisation frees code of it that another thread which ends at the same moment has freed: the process dies of
 * SIGSEGV in TierUpWasmToJSWrapper. Built packages strip nothing, and are not touched by it.
 */
export const SOURCE_FLAGS: readonly string[] = ['--conditions=source', '--wasm-wrapper-tiering-budget=2147483647'];
