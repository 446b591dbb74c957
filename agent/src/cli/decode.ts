import { type Command, listOf, UsageError } from '@iot/host';
import type { Rows } from '@iot/wire';
import { decodeLog, type LogCounts } from '../collect/log-decoder.ts';
import { Statistics } from '../collect/statistics.ts';
import { readDbc } from '../files.ts';

/** Damaged lines that are shown one by one; the rest is counted. */
const DAMAGE_SHOWN = 20;

export const decodeCommand: Command = {
  name: 'decode',
  summary: 'decode a recorded CAN log by DBC files',
  usage: 'LOG --dbc FILE… [--stats] [--json]',
  options: {
    dbc: { type: 'string', multiple: true, value: 'FILE', help: 'DBC file; may be given several times' },
    stats: { type: 'boolean', help: 'per signal count, sum, min, max, first and last, instead of the readings' },
    signal: { type: 'string', multiple: true, value: 'NAME', help: 'only this signal; may be given several times' },
    json: { type: 'boolean', help: 'JSON: one object a reading, or with --stats one object in all' },
  },
  examples: [
    ['odograph-agent decode drive.log.gz --dbc car.dbc', 'every reading, one a line: time, bus, signal, value, unit'],
    [
      'odograph-agent decode drive.log --dbc j1939.dbc --dbc gps.dbc --stats',
      'a table of all signals (J1939 messages match by PGN)',
    ],
    ['odograph-agent decode drive.log --dbc car.dbc --stats --json > drive.json', 'the same for programs'],
  ],
  async run(values, [log, ...rest]) {
    const files = listOf(values, 'dbc');
    if (log === undefined) throw new UsageError('name the log to decode');
    if (rest.length > 0) throw new UsageError(`one log at a time; '${rest[0]}' is one too many`);
    if (files.length === 0) throw new UsageError('name at least one DBC file with --dbc FILE');
    const wanted = listOf(values, 'signal');
    const databases = files.map((file) => readDbc(file, tellProblem));
    const out = values.stats ? statsOutput(values.json === true) : readingsOutput(values.json === true, wanted);
    let shown = 0;
    const counts = await decodeLog(log, {
      databases,
      onRow: out.onRow,
      onDamage: (error) => {
        if (shown++ < DAMAGE_SHOWN) process.stderr.write(`${log}:${error.at}: ${error.message}\n`);
      },
    });
    if (counts.damagedLines > DAMAGE_SHOWN)
      process.stderr.write(`${log}: ${counts.damagedLines} damaged lines in all; the others were decoded\n`);
    out.finish(counts);
    return 0;
  },
};

/** What is wrong in a DBC file goes to standard error; the rest of the file is used. */
export function tellProblem(
  file: string,
  { line, message }: { readonly line: number; readonly message: string },
): void {
  process.stderr.write(`${file}:${line}: ${message}\n`);
}

interface Output {
  onRow(rows: Rows): void;
  finish(counts: LogCounts): void;
}

function readingsOutput(json: boolean, wanted: readonly string[]): Output {
  let chunk = '';
  const flush = (): void => {
    process.stdout.write(chunk);
    chunk = '';
  };
  const onRow = (rows: Rows): void => {
    const { bus, source } = rows.def;
    const time = (rows.times[0] / 1e6).toFixed(6);
    rows.def.signals.forEach(({ name, unit }, column) => {
      if (wanted.length > 0 && !wanted.includes(name)) return;
      const value = rows.physical(0, column);
      if (value === undefined) return;
      chunk += json
        ? `${JSON.stringify({ time: Number(time), bus, source, signal: name, value, unit })}\n`
        : `(${time}) ${bus} ${name} ${value}${unit === '' ? '' : ` ${unit}`}\n`;
    });
    if (chunk.length > 65_536) flush();
  };
  return { onRow, finish: flush };
}

function statsOutput(json: boolean): Output {
  const statistics = new Statistics();
  return {
    onRow: (rows) => statistics.add(rows),
    finish: ({ frames, decoded }) => {
      const { readings, signals } = statistics;
      const all = { frames, decoded, readings, signals: Object.fromEntries(signals) };
      process.stdout.write(json ? `${JSON.stringify(all, null, 1)}\n` : tableOf(all));
    },
  };
}

function tableOf({
  frames,
  decoded,
  readings,
  signals,
}: {
  frames: number;
  decoded: number;
  readings: number;
  signals: Statistics['signals'] | object;
}): string {
  const head = ['signal', 'count', 'min', 'max', 'first', 'last', 'sum'];
  const show = (value: number): string => String(Number(value.toPrecision(9)));
  const rows = Object.entries(signals as Record<string, Record<string, number>>).map(([name, s]) => [
    name,
    ...[s.count, s.min, s.max, s.first, s.last, s.sum].map(show),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row: string[]): string =>
    `${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}\n`;
  const count = (value: number): string => value.toLocaleString('en');
  return `${[head, ...rows].map(line).join('')}\n${count(frames)} frames, ${count(decoded)} decoded, ${count(readings)} readings of ${rows.length} signals\n`;
}
