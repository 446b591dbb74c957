import { DecodeError, type Quality, type Rows } from '@iot/wire';
import type { NumberReader, NumberWriter } from './numbers.ts';

/**
 * Quality in the number stream, after all tables: how many columns have any; for each the columns skipped since the last
 * one, the number of runs, and for each run the rows skipped since the last one, its length and its code.
 */
export function writeQuality(numbers: NumberWriter, tables: readonly Rows[]): void {
  const columns = tables.flatMap((rows) => rows.columns);
  numbers.number(columns.reduce((n, column) => n + (column.qualityRows.length > 0 ? 1 : 0), 0));
  let skipped = 0;
  for (const { qualityRows, qualityCodes } of columns) {
    if (qualityRows.length === 0) {
      skipped++;
      continue;
    }
    numbers.number(skipped);
    skipped = 0;
    const runs = runsOf(qualityRows, qualityCodes);
    numbers.number(runs.length);
    let next = 0;
    for (const { row, length, code } of runs) {
      numbers.number(row - next);
      numbers.number(length);
      numbers.number(code);
      next = row + length;
    }
  }
}

interface Run {
  readonly row: number;
  length: number;
  readonly code: Quality;
}

function runsOf(rows: readonly number[], codes: readonly Quality[]): Run[] {
  const runs: Run[] = [];
  rows.forEach((row, i) => {
    const last = runs.at(-1);
    if (last && last.code === codes[i] && last.row + last.length === row) last.length++;
    else runs.push({ row, length: 1, code: codes[i] });
  });
  return runs;
}

/** Reads the quality of all columns and makes the values of those rows 0 or ''. */
export function readQuality(numbers: NumberReader, tables: readonly Rows[]): void {
  const columns = tables.flatMap((rows) => rows.columns.map((column) => ({ column, count: rows.count })));
  let next = 0;
  for (let left = numbers.count('columns with quality', columns.length); left > 0; left--) {
    next = numbers.count('column with quality', columns.length - 1, next);
    const { column, count } = columns[next++];
    let row = 0;
    for (let runs = numbers.count('quality runs', count); runs > 0; runs--) {
      row = numbers.count('quality row', count, row);
      const end = numbers.count('quality run', count, row);
      const code = numbers.count('quality code', 3) as Quality;
      if (end === row || code === 0) throw new DecodeError('batch/out-of-range', 'a quality run says nothing');
      for (; row < end; row++) {
        column.qualityRows.push(row);
        column.qualityCodes.push(code);
        clearValue(column.values, column.type, row);
      }
    }
  }
}

function clearValue(values: Rows['columns'][number]['values'], type: string, row: number): void {
  if (type === 'text') (values as string[])[row] = '';
  else if (type === 'int64' || type === 'uint64') (values as BigInt64Array)[row] = 0n;
  else (values as Float64Array)[row] = 0;
}
