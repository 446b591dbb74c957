/**
 * How the raw values of a signal are held, in memory and in a batch.
 * `int32` Int32Array; `int53` Float64Array of safe integers; `int64`/`uint64` BigInt64Array/BigUint64Array;
 * `float32`/`float64` bit-exact; `text` strings.
 */
export type ColumnType = 'int32' | 'int53' | 'int64' | 'uint64' | 'float32' | 'float64' | 'text';

export type Values = Int32Array | Float64Array | BigInt64Array | BigUint64Array | Float32Array | string[];

/** A signal of a table. Physical value = raw × scale + offset, computed in this order in doubles. */
export interface SignalDef {
  /** COVESA VSS path where VSS has one, else `<Message>.<Signal>` of its DBC. */
  readonly name: string;
  /** Unit of measure as written in its source (`km/h`, `degC`); empty where it has none. */
  readonly unit: string;
  readonly type: ColumnType;
  readonly scale: number;
  readonly offset: number;
}

/** Signals sampled together. Its identity is (name, bus, source). */
export interface TableDef {
  readonly name: string;
  /** Name of the bus or receiver, `can0`. */
  readonly bus: string;
  /** J1939 source address where the sender is part of what the table is; absent otherwise. */
  readonly source?: number;
  readonly signals: readonly SignalDef[];
}

/** Why a row has no value for a signal. "Error" and "not available" (J1939-71) are never numbers. */
export const QUALITY_OK = 0;
export const QUALITY_ERROR = 1;
export const QUALITY_NOT_AVAILABLE = 2;
/** The signal was not in the frame: shorter than its layout, or not in this multiplexed group. */
export const QUALITY_ABSENT = 3;
export type Quality = 0 | 1 | 2 | 3;

/** One signal's values over the rows of a table. Values at rows with a quality other than 0 are 0 or ''. */
export interface Column {
  readonly type: ColumnType;
  values: Values;
  /** Float columns: the same memory as unsigned words, so that NaN payloads are copied bit by bit. float64 has two a value. */
  bits: Uint32Array | undefined;
  /** Sparse: rows, ascending, whose quality is not 0, and their codes. */
  qualityRows: number[];
  qualityCodes: Quality[];
}

function makeValues(type: ColumnType, capacity: number): Values {
  switch (type) {
    case 'int32':
      return new Int32Array(capacity);
    case 'int53':
    case 'float64':
      return new Float64Array(capacity);
    case 'int64':
      return new BigInt64Array(capacity);
    case 'uint64':
      return new BigUint64Array(capacity);
    case 'float32':
      return new Float32Array(capacity);
    case 'text':
      return [];
  }
}

function bitsOf(type: ColumnType, values: Values): Uint32Array | undefined {
  if (type === 'float32') return new Uint32Array((values as Float32Array<ArrayBuffer>).buffer);
  if (type === 'float64') return new Uint32Array((values as Float64Array<ArrayBuffer>).buffer);
  return undefined;
}

/**
 * The growing rows of one table: one time column, one column per signal.
 * Writers fill index `count` of `times` and of every column, then increment `count`; call `reserve` first.
 */
export class Rows {
  readonly def: TableDef;
  count = 0;
  capacity: number;
  /** Capture time, µs, on the clock of the source. */
  times: Float64Array;
  readonly columns: Column[];

  constructor(def: TableDef, capacity = 16) {
    this.def = def;
    this.capacity = capacity;
    this.times = new Float64Array(capacity);
    this.columns = def.signals.map((signal) => {
      const values = makeValues(signal.type, capacity);
      return { type: signal.type, values, bits: bitsOf(signal.type, values), qualityRows: [], qualityCodes: [] };
    });
  }

  /** Makes room for one more row. Array identities change when it grows: read them again afterwards. */
  reserve(): void {
    if (this.count < this.capacity) return;
    this.capacity *= 2;
    const times = new Float64Array(this.capacity);
    times.set(this.times);
    this.times = times;
    for (const column of this.columns) {
      if (column.type === 'text') continue;
      const grown = makeValues(column.type, this.capacity);
      const bits = bitsOf(column.type, grown);
      // Floats are copied as words: a number's way through a double may change a NaN's payload.
      if (bits) bits.set(column.bits!);
      else (grown as Float64Array).set(column.values as Float64Array);
      column.values = grown;
      column.bits = bits;
    }
  }

  /** Physical value of a row, or undefined where its quality is not 0. Text columns have no physical value. */
  physical(row: number, signal: number): number | undefined {
    const column = this.columns[signal];
    if (column.type === 'text' || column.qualityRows.includes(row)) return undefined;
    const { scale, offset } = this.def.signals[signal];
    return Number(column.values[row]) * scale + offset;
  }

  /** Rows `from` up to `to`, sharing this one's memory: valid until this one is cleared. Not to be written to. */
  slice(from: number, to: number): Rows {
    const part = new Rows(this.def, 0);
    part.count = to - from;
    part.capacity = part.count;
    part.times = this.times.subarray(from, to);
    this.columns.forEach((column, i) => {
      const target = part.columns[i];
      target.values =
        column.type === 'text' ? column.values.slice(from, to) : (column.values as Float64Array).subarray(from, to);
      const words = column.type === 'float64' ? 2 : 1;
      target.bits = column.bits?.subarray(from * words, to * words);
      column.qualityRows.forEach((row, at) => {
        if (row < from || row >= to) return;
        target.qualityRows.push(row - from);
        target.qualityCodes.push(column.qualityCodes[at]);
      });
    });
    return part;
  }

  clear(): void {
    this.count = 0;
    for (const column of this.columns) {
      column.qualityRows.length = 0;
      column.qualityCodes.length = 0;
      if (column.type === 'text') (column.values as string[]).length = 0;
    }
  }
}
