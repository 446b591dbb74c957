import { digitsOf, formatNumber } from '../format.ts';

/** A value as text without its unit. */
export function valueText(value: number | string, unit: string): string {
  return typeof value === 'string' ? value : formatNumber(value, digitsOf(value, unit));
}
