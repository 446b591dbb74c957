/** How a signal's bits are read, as in the DBC. */
export interface DbcSignal {
  readonly name: string;
  /** DBC numbering: for little endian the least significant bit, for big endian the most significant. */
  readonly startBit: number;
  readonly bitLength: number;
  readonly littleEndian: boolean;
  readonly signed: boolean;
  /** SIG_VALTYPE_: IEEE 754 in place of an integer. */
  readonly float: 'single' | 'double' | undefined;
  readonly scale: number;
  readonly offset: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Unit of measure as written; empty where there is none. */
  readonly unit: string;
  /** `M`: other signals' presence depends on this one. */
  readonly isSelector: boolean;
  /** Present only where the selector has one of these values (inclusive ranges); undefined: always. */
  readonly when:
    | { readonly selector: string; readonly ranges: readonly (readonly [from: number, to: number])[] }
    | undefined;
  /** Value table: raw value to text. */
  readonly labels: ReadonlyMap<number, string> | undefined;
}

export interface DbcMessage {
  readonly name: string;
  /** CAN id with ID_EXTENDED where it has 29 bits. */
  readonly id: number;
  /** Bytes. */
  readonly length: number;
  /** Matched by parameter group number at any source address and priority; "error" and "not available" are quality. */
  readonly isJ1939: boolean;
  readonly signals: readonly DbcSignal[];
}

export interface Dbc {
  readonly file: string;
  readonly messages: readonly DbcMessage[];
}

/** A line of the file that could not be used, or says something that cannot be right. The rest of the file is. */
export interface DbcProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}
