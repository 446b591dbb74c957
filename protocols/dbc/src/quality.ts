import { QUALITY_ERROR, QUALITY_NOT_AVAILABLE } from '@iot/wire';
import type { DbcSignal } from './types.ts';

/**
 * SAE J1939-71 §5.1.4, tables 1 and 2: which raw values of `raw` (an expression) say "error" or "not available".
 * From 8 bits on the top byte tells, 0xFE and 0xFF. Below, all ones is "not available"; of 2 and 4 bits (discrete
 * parameters) the value before it is "error". A single bit, a signed or a float signal has no such values.
 */
export function qualityExpression({ bitLength, signed, float }: DbcSignal, raw: string): string | undefined {
  if (signed || float || bitLength < 2 || bitLength > 53) return undefined;
  if (bitLength >= 8) {
    const scale = 2 ** (bitLength - 8);
    const [error, absent] = [0xfe * scale, 0xff * scale];
    return `(${raw} < ${error} ? 0 : ${raw} < ${absent} ? ${QUALITY_ERROR} : ${QUALITY_NOT_AVAILABLE})`;
  }
  const ones = 2 ** bitLength - 1;
  const error = bitLength === 2 || bitLength === 4 ? `${raw} === ${ones - 1} ? ${QUALITY_ERROR} : ` : '';
  return `(${error}${raw} === ${ones} ? ${QUALITY_NOT_AVAILABLE} : 0)`;
}
