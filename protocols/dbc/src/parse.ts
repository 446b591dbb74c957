import { ID_EXTENDED, ID_MASK } from '@iot/wire';
import { type Statement, statementsOf } from './lines.ts';
import { parseSignal, type SignalDraft } from './signal-line.ts';
import type { Dbc, DbcMessage, DbcProblem } from './types.ts';

/** The pseudo-message of signals that no message carries (Vector's convention). */
const INDEPENDENT_SIGNALS = 'VECTOR__INDEPENDENT_SIG_MSG';
const PROBLEMS_MAX = 100;
/** Longest payload that a message can have: a reassembled ISO-TP payload of 12-bit length (ISO 15765-2). */
const LENGTH_MAX = 4095;

interface MessageDraft {
  readonly line: number;
  readonly name: string;
  readonly id: number;
  readonly length: number;
  readonly signals: SignalDraft[];
  frameFormat: string | undefined;
}

interface Drafts {
  readonly messages: Map<number, MessageDraft>;
  readonly problems: DbcProblem[];
  /** Meaning of the values of the enumerated attribute VFrameFormat. */
  frameFormats: readonly string[];
  defaultFrameFormat: string | undefined;
  protocol: string | undefined;
  current: MessageDraft | undefined;
}

/** Reads a DBC file leniently: what cannot be used is a problem with its line, the rest counts. `file` is for messages. */
export function parseDbc(text: string, file: string): { database: Dbc; problems: readonly DbcProblem[] } {
  const drafts: Drafts = {
    messages: new Map(),
    problems: [],
    frameFormats: [],
    defaultFrameFormat: undefined,
    protocol: undefined,
    current: undefined,
  };
  for (const statement of statementsOf(text)) takeStatement(drafts, statement);
  const messages = [...drafts.messages.values()].map((draft) => finish(drafts, draft));
  return { database: { file, messages }, problems: drafts.problems };
}

function tell({ problems }: Drafts, line: number, message: string): void {
  if (problems.length < PROBLEMS_MAX) problems.push({ line, message });
}

function takeStatement(drafts: Drafts, statement: Statement): void {
  const { line, text } = statement;
  // The NS_ section lists keywords, a line each.
  if (/^\w+$/.test(text)) return;
  const keyword = /^\w+/.exec(text)?.[0];
  switch (keyword) {
    case 'BO_':
      return takeMessage(drafts, statement);
    case 'SG_':
      return takeSignal(drafts, statement);
    case 'SIG_VALTYPE_':
      return takeValueType(drafts, statement);
    case 'SG_MUL_VAL_':
      return takeMultiplexValues(drafts, statement);
    case 'VAL_':
      return takeLabels(drafts, statement);
    case 'BA_DEF_':
      drafts.frameFormats = enumOf(text, 'VFrameFormat') ?? drafts.frameFormats;
      return;
    case 'BA_DEF_DEF_':
      drafts.defaultFrameFormat = /"VFrameFormat"\s+"([^"]*)"/.exec(text)?.[1] ?? drafts.defaultFrameFormat;
      drafts.protocol = /"ProtocolType"\s+"([^"]*)"/.exec(text)?.[1] ?? drafts.protocol;
      return;
    case 'BA_':
      return takeAttribute(drafts, text);
    default:
      if (keyword === undefined) tell(drafts, line, `not a DBC statement: ${excerpt(text)}`);
  }
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

// BO_ message_id message_name ':' message_size transmitter
function takeMessage(drafts: Drafts, { line, text }: Statement): void {
  drafts.current = undefined;
  const match = /^BO_\s+(\d+)\s+([A-Za-z_]\w*)\s*:\s*(\d+)/.exec(text);
  if (!match)
    return tell(
      drafts,
      line,
      `a message is "BO_ ID NAME: LENGTH SENDER", this is ${excerpt(text)}; its signals are left out`,
    );
  const [id, length] = [Number(match[1]), Number(match[3])];
  if (id > 0xffff_ffff)
    return tell(drafts, line, `message ${match[2]} has the id ${match[1]}, which no CAN id is; it is left out`);
  if (length > LENGTH_MAX)
    return tell(
      drafts,
      line,
      `message ${match[2]} has ${length} bytes, more than any frame or payload; it is left out`,
    );
  if (drafts.messages.has(id))
    tell(drafts, line, `message ${match[2]} has the id of ${drafts.messages.get(id)!.name}, which it replaces`);
  drafts.current = { line, name: match[2], id, length, signals: [], frameFormat: undefined };
  if (match[2] !== INDEPENDENT_SIGNALS) drafts.messages.set(id, drafts.current);
}

function takeSignal(drafts: Drafts, { line, text }: Statement): void {
  const message = drafts.current;
  if (!message) return;
  const signal = parseSignal(text);
  if (typeof signal === 'string') return tell(drafts, line, `${signal}: ${excerpt(text)}; the signal is left out`);
  if (message.name === INDEPENDENT_SIGNALS) return;
  // Length 0 is what some tools write where they do not know it.
  const past = message.length > 0 && lastBit(signal) >= message.length * 8;
  if (past)
    return tell(
      drafts,
      line,
      `signal ${signal.name} reaches beyond the ${message.length} bytes of ${message.name}; it is left out`,
    );
  if (message.signals.some((other) => other.name === signal.name)) {
    return tell(drafts, line, `${message.name} has a signal ${signal.name} already; this one is left out`);
  }
  message.signals.push(signal);
}

/** The highest bit a signal covers, counted from byte 0 bit 0 upwards. */
function lastBit({ littleEndian, startBit, bitLength }: SignalDraft): number {
  if (littleEndian) return startBit + bitLength - 1;
  const fromTop = (startBit >> 3) * 8 + (7 - (startBit & 7));
  return fromTop + bitLength - 1;
}

function signalOf(drafts: Drafts, id: string, name: string): SignalDraft | undefined {
  return drafts.messages.get(Number(id))?.signals.find((signal) => signal.name === name);
}

// SIG_VALTYPE_ message_id signal_name ':'? signal_extended_value_type ';'     0 integer, 1 float, 2 double
function takeValueType(drafts: Drafts, { line, text }: Statement): void {
  const match = /^SIG_VALTYPE_\s+(\d+)\s+(\w+)\s*:?\s*([0-3])/.exec(text);
  const signal = match && signalOf(drafts, match[1], match[2]);
  if (!match || !signal || match[3] === '0') return;
  const wanted = match[3] === '1' ? 32 : 64;
  if (signal.bitLength !== wanted) {
    return tell(
      drafts,
      line,
      `${signal.name} is a float of ${wanted} bits but has ${signal.bitLength}; it is read as an integer`,
    );
  }
  signal.float = wanted === 32 ? 'single' : 'double';
}

// SG_MUL_VAL_ message_id signal_name selector_name from-to, from-to ;
function takeMultiplexValues(drafts: Drafts, { line, text }: Statement): void {
  const match = /^SG_MUL_VAL_\s+(\d+)\s+(\w+)\s+(\w+)\s+([\d\s,-]+);?/.exec(text);
  if (!match)
    return tell(
      drafts,
      line,
      `multiplexer values are "SG_MUL_VAL_ ID SIGNAL SELECTOR FROM-TO;", this is ${excerpt(text)}`,
    );
  const signal = signalOf(drafts, match[1], match[2]);
  if (!signal) return;
  const ranges = [...match[4].matchAll(/(\d+)\s*-\s*(\d+)/g)].map(
    ([, from, to]) => [Number(from), Number(to)] as const,
  );
  if (ranges.length === 0 || ranges.some(([from, to]) => from > to || to > 0xffff_ffff)) {
    return tell(drafts, line, `${signal.name} has no multiplexer values that can be: ${excerpt(match[4])}`);
  }
  signal.when = { selector: match[3], ranges: ranges.sort(([one], [other]) => one - other) };
}

// VAL_ message_id signal_name { value "text" } ;     or VAL_ … table_name ;
function takeLabels(drafts: Drafts, { text }: Statement): void {
  const match = /^VAL_\s+(\d+)\s+(\w+)\s+/.exec(text);
  const signal = match && signalOf(drafts, match[1], match[2]);
  if (!match || !signal) return;
  const labels = [...text.slice(match[0].length).matchAll(/(-?\d+)\s+"((?:[^"\\]|\\.)*)"/g)];
  signal.labels = new Map(labels.map(([, value, label]) => [Number(value), label]));
}

function enumOf(text: string, attribute: string): readonly string[] | undefined {
  const match = new RegExp(`"${attribute}"\\s+ENUM\\s+(.*?);`, 's').exec(text);
  return match ? [...match[1].matchAll(/"([^"]*)"/g)].map(([, value]) => value) : undefined;
}

// BA_ "VFrameFormat" BO_ message_id value ;     BA_ "ProtocolType" "J1939" ;
function takeAttribute(drafts: Drafts, text: string): void {
  const format = /^BA_\s+"VFrameFormat"\s+BO_\s+(\d+)\s+"?(\w+)"?/.exec(text);
  if (format) {
    const message = drafts.messages.get(Number(format[1]));
    if (message) message.frameFormat = format[2];
    return;
  }
  drafts.protocol = /^BA_\s+"ProtocolType"\s+"([^"]*)"/.exec(text)?.[1] ?? drafts.protocol;
}

function finish(drafts: Drafts, { line, name, id, length, signals, frameFormat }: MessageDraft): DbcMessage {
  // By number in the attribute's definition, wherever in the file that stands.
  const isNumber = frameFormat !== undefined && /^\d+$/.test(frameFormat);
  const format = (isNumber ? drafts.frameFormats[Number(frameFormat)] : frameFormat) ?? drafts.defaultFrameFormat;
  const isExtended = (id & ID_EXTENDED) !== 0 || id > 0x7ff;
  if (id > 0x7ff && (id & ID_EXTENDED) === 0) {
    tell(drafts, line, `message ${name} has the 29-bit id ${id} without bit 31 set; it is taken as extended`);
  }
  const isJ1939 = isExtended && (format === 'J1939PG' || (frameFormat === undefined && drafts.protocol === 'J1939'));
  const selectors = signals.filter((signal) => signal.isSelector);
  for (const signal of signals) {
    // Simple multiplexing names no selector: it is the message's only one.
    if (signal.when?.selector === '') signal.when = { ...signal.when, selector: selectors[0]?.name ?? 'a selector' };
    const fault = selectorFault(signal, signals);
    if (fault === undefined) continue;
    tell(drafts, line, `${name}.${signal.name} depends on ${signal.when!.selector}, ${fault}; it is read always`);
    signal.when = undefined;
  }
  return { name, id: isExtended ? (ID_EXTENDED | (id & ID_MASK)) >>> 0 : id & 0x7ff, length, isJ1939, signals };
}

/** What keeps a signal's chain of selectors from ending at one that is always there. */
function selectorFault(signal: SignalDraft, signals: readonly SignalDraft[]): string | undefined {
  const seen = new Set([signal.name]);
  for (let { when } = signal; when; ) {
    const selector = signals.find((other) => other.name === when!.selector);
    if (!selector) return 'which the message does not have';
    if (seen.has(selector.name)) return 'which depends on it in turn';
    seen.add(selector.name);
    when = selector.when;
  }
  return undefined;
}
