import type { DbcSignal } from './types.ts';

/** A signal while the file is read: later statements add to it. */
export type SignalDraft = { -readonly [Key in keyof DbcSignal]: DbcSignal[Key] };

// SG_ signal_name multiplexer_indicator? ':' start_bit '|' signal_size '@' byte_order value_type '(' factor ',' offset ')'
//   '[' minimum '|' maximum ']' unit receivers          byte_order: 0 big endian, 1 little; value_type: + unsigned, - signed
const MULTIPLEXER_MAX = 0xffff_ffff;
const NUMBER = String.raw`\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*`;
const SIGNAL = new RegExp(
  String.raw`^SG_\s+([A-Za-z_]\w*)\s*(M|m\d+M?)?\s*:\s*(\d+)\s*\|\s*(\d+)\s*@\s*([01])\s*([+-])` +
    String.raw`(?:\s*\(${NUMBER},${NUMBER}\))?(?:\s*\[${NUMBER}\|${NUMBER}\])?(?:\s*"((?:[^"\\]|\\.)*)")?`,
);

/** Reads a signal's line; a text says what is wrong with it. */
export function parseSignal(text: string): SignalDraft | string {
  const match = SIGNAL.exec(text);
  if (!match) return 'a signal is "SG_ NAME : START|LENGTH@ORDER (FACTOR,OFFSET) [MIN|MAX] "UNIT" RECEIVERS"';
  const [, name, indicator, start, size, order, sign, factor, offset, minimum, maximum, unit] = match;
  const bitLength = Number(size);
  if (bitLength < 1 || bitLength > 64) return `signal ${name} has ${bitLength} bits; 1 to 64 can be read`;
  const group = /^m(\d+)/.exec(indicator ?? '')?.[1];
  if (!Number.isFinite(Number(factor ?? 1)) || !Number.isFinite(Number(offset ?? 0)))
    return `signal ${name} has a factor or offset beyond any number`;
  if (Number(group ?? 0) > MULTIPLEXER_MAX)
    return `signal ${name} has the multiplexer value ${group}, more than 32 bits`;
  return {
    name,
    startBit: Number(start),
    bitLength,
    littleEndian: order === '1',
    signed: sign === '-',
    float: undefined,
    scale: Number(factor ?? 1),
    offset: Number(offset ?? 0),
    minimum: Number(minimum ?? 0),
    maximum: Number(maximum ?? 0),
    unit: unit ?? '',
    isSelector: indicator?.endsWith('M') ?? false,
    when: group === undefined ? undefined : { selector: '', ranges: [[Number(group), Number(group)]] },
    labels: undefined,
  };
}
