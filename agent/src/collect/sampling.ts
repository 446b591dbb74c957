import { type Rows, type TableDef, Rows as TableRows } from '@iot/wire';

/** Which of a table's captured rows become readings. */
export type Sampling =
  | { readonly mode: 'every' }
  /** Rows that differ from the last kept one, and one at least every `heartbeatUs`. */
  | { readonly mode: 'change'; readonly heartbeatUs: number }
  | { readonly mode: 'period'; readonly periodUs: number }
  /** Of one signal: rows that differ by at least `deadband` (in the signal's unit) from the last kept one. */
  | { readonly mode: 'deadband'; readonly deadband: number; readonly heartbeatUs: number };

/** Signals of one captured table that are sampled alike: columns of `scratch` that go to `rows`. */
export interface Plan {
  readonly sampling: Sampling;
  readonly rows: Rows;
  /** `rows.columns[i]` is filled from `scratch.columns[columns[i]]`. */
  readonly columns: readonly number[];
}

/** Decides row by row for one plan; holds the last kept row. */
export class Sampler {
  readonly #plan: Plan;
  readonly #last: Rows;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#last = new TableRows(plan.rows.def, 1);
  }

  /** Copies row 0 of `scratch` to the plan's rows where the sampling wants it. */
  take(scratch: Rows): boolean {
    if (!this.#wants(scratch)) return false;
    const { rows, columns } = this.#plan;
    copyRow(scratch, columns, rows);
    if (this.#plan.sampling.mode !== 'every') {
      this.#last.clear();
      copyRow(scratch, columns, this.#last);
    }
    return true;
  }

  #wants(scratch: Rows): boolean {
    const { sampling, columns } = this.#plan;
    const last = this.#last;
    if (sampling.mode === 'every' || last.count === 0) return true;
    const elapsedUs = scratch.times[0] - last.times[0];
    switch (sampling.mode) {
      case 'period':
        return elapsedUs >= sampling.periodUs;
      case 'change':
        return elapsedUs >= sampling.heartbeatUs || columns.some((from, to) => !sameValue(scratch, from, last, to));
      case 'deadband':
        return elapsedUs >= sampling.heartbeatUs || beyond(scratch, columns[0], last, sampling.deadband);
    }
  }
}

function qualityOf(rows: Rows, column: number): number {
  const { qualityCodes } = rows.columns[column];
  return qualityCodes.length === 0 ? 0 : qualityCodes[0];
}

function sameValue(a: Rows, columnOfA: number, b: Rows, columnOfB: number): boolean {
  if (qualityOf(a, columnOfA) !== qualityOf(b, columnOfB)) return false;
  return Object.is(a.columns[columnOfA].values[0], b.columns[columnOfB].values[0]);
}

function beyond(scratch: Rows, column: number, last: Rows, deadband: number): boolean {
  const now = scratch.physical(0, column);
  const before = last.physical(0, 0);
  if (now === undefined || before === undefined) return !sameValue(scratch, column, last, 0);
  return !(Math.abs(now - before) < deadband);
}

/** Appends row 0 of `from` to `to`, taking `columns[i]` of it for column i. Floats keep their bits. */
export function copyRow(from: Rows, columns: readonly number[], to: Rows): void {
  to.reserve();
  const row = to.count;
  to.times[row] = from.times[0];
  for (let i = 0; i < columns.length; i++) {
    const source = from.columns[columns[i]];
    const target = to.columns[i];
    if (target.bits) {
      const words = target.type === 'float64' ? 2 : 1;
      for (let word = 0; word < words; word++) target.bits[row * words + word] = source.bits![word];
    } else {
      (target.values as unknown[])[row] = source.values[0];
    }
    if (source.qualityRows.length > 0) {
      target.qualityRows.push(row);
      target.qualityCodes.push(source.qualityCodes[0]);
    }
  }
  to.count = row + 1;
}

/** Splits a captured table's signals by sampling. A deadband signal is a table of its own, `<table>/<signal>`. */
export function planTable(
  def: TableDef,
  samplingOf: (signal: string) => Sampling,
): { def: TableDef; sampling: Sampling; columns: number[] }[] {
  const groups = new Map<string, { sampling: Sampling; columns: number[] }>();
  def.signals.forEach((signal, column) => {
    const sampling = samplingOf(signal.name);
    const key = sampling.mode === 'deadband' ? signal.name : JSON.stringify(sampling);
    const group = groups.get(key);
    if (group) group.columns.push(column);
    else groups.set(key, { sampling, columns: [column] });
  });
  return [...groups.values()].map(({ sampling, columns }, index) => {
    const signals = columns.map((column) => def.signals[column]);
    const alone = sampling.mode === 'deadband' || index > 0;
    const name = alone ? `${def.name}/${signals[0].name}` : def.name;
    return { def: { ...def, name, signals }, sampling, columns };
  });
}
