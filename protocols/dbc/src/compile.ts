import { QUALITY_ABSENT, type Rows, type SignalDef, type TableDef } from '@iot/wire';
import { bytesNeeded, columnTypeOf, floatWords, rawExpression } from './extract.ts';
import { qualityExpression } from './quality.ts';
import type { DbcMessage, DbcSignal } from './types.ts';

/** Appends a row to each table that a payload has data for. `length` bytes of `data` from `at` on are the payload. */
export interface FrameDecoder {
  decode(data: Uint8Array, at: number, length: number, timeUs: number): void;
}

export interface CompileOptions {
  /** Whether a signal, by `<Message>.<Signal>`, is wanted. Default: all. */
  readonly select?: (signal: string) => boolean;
  /** The name it goes by. Default: `<Message>.<Signal>`. */
  readonly names?: (signal: string) => string;
  /**
   * Payloads are whole ones put together by a transport protocol. Otherwise a message that is declared longer than 8 bytes is
   * not read from 8 or fewer: those are the segments of such a payload, not the message.
   */
  readonly reassembled?: boolean;
}

/** Most that a classic CAN frame holds. */
const CLASSIC_BYTES = 8;

export interface CompiledMessage {
  readonly message: DbcMessage;
  /** First the signals that are always there, then one table per multiplexed group, `<Message>#<selector values>`. */
  tables(bus: string, source?: number): TableDef[];
  /** `rows` are of `tables`, in their order; several decoders may share them. */
  createDecoder(rows: readonly Rows[]): FrameDecoder;
}

/** Signals that are present under the same condition: a table. */
interface Group {
  readonly suffix: string;
  /** Expression over the selectors; undefined: always. */
  readonly condition: string | undefined;
  readonly signals: DbcSignal[];
  /** Bytes that the selectors of the condition need. */
  readonly selectorBytes: number;
}

/** Compiles the wanted signals of a message; undefined where none is. */
export function compileMessage(message: DbcMessage, options: CompileOptions = {}): CompiledMessage | undefined {
  const { select = () => true, names = (name: string) => name, reassembled = false } = options;
  const wanted = message.signals.filter((signal) => select(`${message.name}.${signal.name}`));
  if (wanted.length === 0) return undefined;
  const groups = groupsOf(message, wanted);
  const make = new Function('groups', sourceOf(message, groups, reassembled)) as (
    rows: readonly Rows[],
  ) => FrameDecoder['decode'];
  return {
    message,
    tables: (bus, source) =>
      groups.map(({ suffix, signals }) => ({
        name: `${message.name}${suffix}`,
        bus,
        ...(source !== undefined && { source }),
        signals: signals.map((signal) => definitionOf(signal, names(`${message.name}.${signal.name}`))),
      })),
    createDecoder: (rows) => ({ decode: make(rows) }),
  };
}

function definitionOf(signal: DbcSignal, name: string): SignalDef {
  const { unit, scale, offset } = signal;
  return { name, unit, type: columnTypeOf(signal), scale, offset };
}

function groupsOf(message: DbcMessage, wanted: readonly DbcSignal[]): Group[] {
  const groups = new Map<string, Group>();
  const suffixes = new Set<string>();
  for (const signal of wanted) {
    const chain = chainOf(message, signal);
    const key = chain.map(({ selector, ranges }) => `${selector.name}${JSON.stringify(ranges)}`).join();
    const known = groups.get(key);
    if (known) {
      known.signals.push(signal);
      continue;
    }
    // Two selectors may have groups of the same values: then the name says which.
    const plain = chain.map(({ ranges }) => `#${rangesText(ranges)}`).join('');
    const suffix = suffixes.has(plain)
      ? chain.map(({ selector, ranges }) => `#${selector.name}=${rangesText(ranges)}`).join('')
      : plain;
    suffixes.add(suffix);
    const condition = chain.length === 0 ? undefined : chain.map(conditionOf).join(' && ');
    const selectorBytes = Math.max(0, ...chain.map(({ selector }) => bytesNeeded(selector)));
    groups.set(key, { suffix, condition, signals: [signal], selectorBytes });
  }
  return [...groups.values()].sort((a, b) => Number(a.condition !== undefined) - Number(b.condition !== undefined));
}

function rangesText(ranges: Link['ranges']): string {
  return ranges.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(',');
}

type Link = { readonly selector: DbcSignal; readonly ranges: readonly (readonly [number, number])[] };

/** The selectors a signal depends on, outermost first (extended multiplexing nests them). parseDbc has cut circles. */
function chainOf(message: DbcMessage, signal: DbcSignal): Link[] {
  const chain: Link[] = [];
  for (let { when } = signal; when && chain.length < message.signals.length; ) {
    const selector = message.signals.find((other) => other.name === when!.selector);
    if (!selector || selector === signal || chain.some((link) => link.selector === selector)) break;
    chain.unshift({ selector, ranges: when.ranges });
    when = selector.when;
  }
  return chain;
}

function conditionOf({ selector, ranges }: Link): string {
  // Multiplexer values are bit patterns, whatever the selector's own sign.
  const raw = `Number(${rawExpression({ ...selector, signed: false })})`;
  const tests = ranges.map(([from, to]) =>
    from === to ? `${raw} === ${from}` : `(${raw} >= ${from} && ${raw} <= ${to})`,
  );
  return `(${tests.join(' || ') || 'false'})`;
}

/** Source of a function (groups) => decode: straight-line code for this message alone. */
function sourceOf(message: DbcMessage, groups: readonly Group[], reassembled: boolean): string {
  const declarations = groups.flatMap(({ signals }, g) => [
    `const rows${g} = groups[${g}];`,
    ...signals.map((_, s) => `const c${g}_${s} = rows${g}.columns[${s}];`),
  ]);
  const gate = message.length > CLASSIC_BYTES && !reassembled ? `if (length <= ${CLASSIC_BYTES}) return;\n` : '';
  const bodies = groups.map((group, g) => groupSource(message, group, g));
  return `'use strict';\n${declarations.join('\n')}\nreturn (data, at, length, timeUs) => {\n${gate}${bodies.join('\n')}\n};`;
}

function groupSource(message: DbcMessage, { signals, condition, selectorBytes }: Group, g: number): string {
  const bytesAll = Math.max(...signals.map(bytesNeeded));
  const bytesLeast = Math.max(selectorBytes, Math.min(...signals.map(bytesNeeded)));
  const whole = signals.map((signal, s) => writeSource(message, signal, `c${g}_${s}`)).join('\n');
  const short = signals.map((signal, s) => shortSource(message, signal, `c${g}_${s}`)).join('\n');
  const gate = `length >= ${bytesLeast}${condition ? ` && ${condition}` : ''}`;
  return `if (${gate}) {
  rows${g}.reserve();
  const row = rows${g}.count;
  rows${g}.times[row] = timeUs;
  if (length >= ${Math.max(bytesAll, selectorBytes)}) {
${whole}
  } else {
${short}
  }
  rows${g}.count = row + 1;
}`;
}

/** A frame that is shorter than the message: signals that it does not reach are absent. */
function shortSource(message: DbcMessage, signal: DbcSignal, column: string): string {
  return `if (length >= ${bytesNeeded(signal)}) {\n${writeSource(message, signal, column)}\n} else {\n${missing(signal, column, String(QUALITY_ABSENT))}\n}`;
}

function missing(signal: DbcSignal, column: string, quality: string): string {
  const zero = signal.bitLength > 53 && !signal.float ? '0n' : '0';
  return `${column}.values[row] = ${zero}; ${column}.qualityRows.push(row); ${column}.qualityCodes.push(${quality});`;
}

function writeSource(message: DbcMessage, signal: DbcSignal, column: string): string {
  if (signal.float) {
    const words = floatWords(signal);
    return words.map((word, w) => `${column}.bits[row * ${words.length} + ${w}] = ${word};`).join(' ');
  }
  const raw = rawExpression(signal);
  const quality = message.isJ1939 ? qualityExpression(signal, 'raw') : undefined;
  if (!quality) return `${column}.values[row] = ${raw};`;
  return `{ const raw = ${raw}; const quality = ${quality}; if (quality === 0) ${column}.values[row] = raw; else { ${missing(signal, column, 'quality')} } }`;
}
