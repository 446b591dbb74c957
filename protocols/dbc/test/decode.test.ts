import { QUALITY_ABSENT, QUALITY_ERROR, QUALITY_NOT_AVAILABLE, Rows } from '@iot/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMessage, createMatcher, type DbcMessage, type DbcSignal, parseDbc } from '../src/index.ts';
import { referenceRaw } from './reference.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Decodes payloads by the first message of a DBC: by table, rows of physical values; `undefined` where there is none. */
function decodeAll(dbc: string, payloads: readonly string[]) {
  const { database } = parseDbc(dbc, 'test.dbc');
  const compiled = compileMessage(database.messages[0])!;
  const tables = compiled.tables('can0').map((def) => new Rows(def));
  const decoder = compiled.createDecoder(tables);
  for (const [i, hex] of payloads.entries()) decoder.decode(bytesOf(hex), 0, hex.length / 2, i);
  return Object.fromEntries(
    tables.map((rows) => [
      rows.def.name,
      Array.from({ length: rows.count }, (_, row) => rows.columns.map((_, column) => rows.physical(row, column))),
    ]),
  );
}

const message = (signals: string, more = ''): string => `BO_ 256 M: 8 X\n${signals}\n${more}`;

describe('decoding', () => {
  it.each([
    // Layouts from the DBC documentation of opendbc (dbc/README.md) and cantools' test files: start bits count as there.
    {
      name: 'little endian, across a byte',
      dbc: message(' SG_ A : 4|12@1+ (1,0) [0|0] "" X'),
      hex: '50a2000000000000',
      value: 0xa25,
    },
    {
      name: 'big endian, whole bytes',
      dbc: message(' SG_ A : 7|16@0+ (1,0) [0|0] "" X'),
      hex: '1234000000000000',
      value: 0x1234,
    },
    {
      name: 'big endian, across a byte',
      dbc: message(' SG_ A : 3|12@0+ (1,0) [0|0] "" X'),
      hex: '0abc000000000000',
      value: 0xabc,
    },
    { name: 'signed, 12 bits', dbc: message(' SG_ A : 0|12@1- (1,0) [0|0] "" X'), hex: 'ff0f000000000000', value: -1 },
    {
      name: 'unsigned, 32 bits',
      dbc: message(' SG_ A : 0|32@1+ (1,0) [0|0] "" X'),
      hex: 'ffffffff00000000',
      value: 4_294_967_295,
    },
    {
      name: 'scale and offset',
      dbc: message(' SG_ A : 0|8@1+ (0.5,-40) [0|0] "degC" X'),
      hex: '7800000000000000',
      value: 20,
    },
    {
      name: 'single float (IEEE 754: 1.5)',
      dbc: message(' SG_ A : 0|32@1- (1,0) [0|0] "" X', 'SIG_VALTYPE_ 256 A : 1;'),
      hex: '0000c03f00000000',
      value: 1.5,
    },
    {
      name: 'double float (IEEE 754: -2)',
      dbc: message(' SG_ A : 0|64@1- (1,0) [0|0] "" X', 'SIG_VALTYPE_ 256 A : 2;'),
      hex: '00000000000000c0',
      value: -2,
    },
    {
      name: 'big endian single float',
      dbc: message(' SG_ A : 7|32@0- (1,0) [0|0] "" X', 'SIG_VALTYPE_ 256 A : 1;'),
      hex: '3fc0000000000000',
      value: 1.5,
    },
  ])('$name', ({ dbc, hex, value }) => {
    expect(decodeAll(dbc, [hex])).toEqual({ M: [[value]] });
  });

  it('a multiplexed group is a table of its own, with rows where its selector has its value', () => {
    const dbc = message(
      ' SG_ S M : 0|8@1+ (1,0) [0|0] "" X\n SG_ A m1 : 8|8@1+ (1,0) [0|0] "" X\n SG_ B m2 : 8|8@1+ (1,0) [0|0] "" X',
    );
    expect(
      decodeAll(
        dbc,
        ['0107', '0208', '0309'].map((hex) => hex.padEnd(16, '0')),
      ),
    ).toEqual({ M: [[1], [2], [3]], 'M#1': [[7]], 'M#2': [[8]] });
  });

  it('extended multiplexing nests selectors and takes ranges', () => {
    const dbc = message(
      ' SG_ S M : 0|8@1+ (1,0) [0|0] "" X\n SG_ T m1M : 8|8@1+ (1,0) [0|0] "" X\n SG_ A m3 : 16|8@1+ (1,0) [0|0] "" X',
      'SG_MUL_VAL_ 256 T S 1-1;\nSG_MUL_VAL_ 256 A T 3-5, 9-9;',
    );
    const hexes = ['01030a', '01090b', '01060c', '02030d'].map((hex) => hex.padEnd(16, '0'));
    expect(decodeAll(dbc, hexes)).toEqual({
      M: [[1], [1], [1], [2]],
      'M#1': [[3], [9], [6]],
      'M#1#3-5,9': [[10], [11]],
    });
  });

  it('groups of equal values under two selectors are tables of their own', () => {
    const dbc = message(
      ' SG_ S M : 0|8@1+ (1,0) [0|0] "" X\n SG_ T M : 8|8@1+ (1,0) [0|0] "" X\n SG_ A m1 : 16|8@1+ (1,0) [0|0] "" X\n SG_ B m1 : 24|8@1+ (1,0) [0|0] "" X',
      'SG_MUL_VAL_ 256 A S 1-1;\nSG_MUL_VAL_ 256 B T 1-1;',
    );
    const rows = decodeAll(dbc, ['01000a0000000000', '0001000b00000000']);
    expect(rows).toEqual({
      M: [
        [1, 0],
        [0, 1],
      ],
      'M#1': [[10]],
      'M#T=1': [[11]],
    });
  });

  it('segments of a longer payload are not read as the message', () => {
    const dbc = `BO_ 256 M: 55 X\n SG_ A : 0|8@1+ (1,0) [0|0] "" X\n`;
    expect(decodeAll(dbc, ['1035610100000000'])).toEqual({ M: [] });
    expect(decodeAll(dbc, ['07'.padEnd(110, '0')])).toEqual({ M: [[7]] });
  });

  it('signals that a short frame does not reach are absent', () => {
    const { database } = parseDbc(message(' SG_ A : 0|8@1+ (1,0) [0|0] "" X\n SG_ B : 8|8@1+ (1,0) [0|0] "" X'), 'f');
    const compiled = compileMessage(database.messages[0])!;
    const rows = new Rows(compiled.tables('can0')[0]);
    compiled.createDecoder([rows]).decode(bytesOf('07'), 0, 1, 0);
    compiled.createDecoder([rows]).decode(bytesOf(''), 0, 0, 1);
    expect(rows.count).toBe(1);
    expect([rows.physical(0, 0), rows.columns[1].qualityCodes]).toEqual([7, [QUALITY_ABSENT]]);
  });

  it('leaves out what is not selected, and renames', () => {
    const { database } = parseDbc(message(' SG_ A : 0|8@1+ (1,0) [0|0] "" X\n SG_ B : 8|8@1+ (1,0) [0|0] "" X'), 'f');
    const compiled = compileMessage(database.messages[0], {
      select: (name) => name === 'M.B',
      names: () => 'Vehicle.Speed',
    })!;
    expect(compiled.tables('can0')[0].signals.map((signal) => signal.name)).toEqual(['Vehicle.Speed']);
    expect(compileMessage(database.messages[0], { select: () => false })).toBeUndefined();
  });
});

const EEC1 = `BO_ 2364540158 EEC1: 8 X
 SG_ EngineSpeed : 24|16@1+ (0.125,0) [0|8031.875] "rpm" X
 SG_ Mode : 0|4@1+ (1,0) [0|15] "" X
 SG_ Brake : 4|2@1+ (1,0) [0|3] "" X
BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","reserved","J1939PG";
BA_ "VFrameFormat" BO_ 2364540158 3;
`;

describe('J1939', () => {
  const { database } = parseDbc(EEC1, 'j1939.dbc');
  const { match } = createMatcher([database]);

  it('matches by PGN at any source address and priority (cantools#551)', () => {
    expect(match(0x8cf00400)).toMatchObject({ source: 0x00, message: { name: 'EEC1' } });
    expect(match(0x98f0042a)).toMatchObject({ source: 0x2a });
    expect(match(0x8cf00500)).toBeUndefined();
    expect(match(0x0cf00400)).toBeUndefined();
  });

  it('prefers the message of the whole id to one of the same PGN', () => {
    const two = `${EEC1}BO_ 2364539946 EEC1_2A: 8 X\n SG_ A : 0|8@1+ (1,0) [0|0] "" X\nBA_ "VFrameFormat" BO_ 2364539946 3;\n`;
    const matcher = createMatcher([parseDbc(two, 'f').database]);
    expect(matcher.match(0x8cf0042a)).toMatchObject({ source: 0x2a, message: { name: 'EEC1_2A' } });
    expect(matcher.match(0x8cf00400)).toMatchObject({ source: 0, message: { name: 'EEC1' } });
  });

  it('0CF00400#F07D859B0FFFFF85 is 499.375 rpm (cantools#551)', () => {
    const compiled = compileMessage(database.messages[0])!;
    const rows = new Rows(compiled.tables('can0', 0)[0]);
    compiled.createDecoder([rows]).decode(bytesOf('F07D859B0FFFFF85'), 0, 8, 0);
    expect(rows.physical(0, 0)).toBe(499.375);
  });

  it.each([
    { name: 'last valid', hex: 'xxxxxxfffdxxxxxx', signal: 0, quality: undefined },
    { name: 'error, two bytes', hex: 'xxxxxx00fexxxxxx', signal: 0, quality: QUALITY_ERROR },
    { name: 'not available, two bytes', hex: 'xxxxxxffffxxxxxx', signal: 0, quality: QUALITY_NOT_AVAILABLE },
    { name: 'error, four bits', hex: '0exxxxxxxxxxxxxx', signal: 1, quality: QUALITY_ERROR },
    { name: 'not available, four bits', hex: '0fxxxxxxxxxxxxxx', signal: 1, quality: QUALITY_NOT_AVAILABLE },
    { name: 'error, two bits', hex: '20xxxxxxxxxxxxxx', signal: 2, quality: QUALITY_ERROR },
    { name: 'not available, two bits', hex: '30xxxxxxxxxxxxxx', signal: 2, quality: QUALITY_NOT_AVAILABLE },
  ])('SAE J1939-71 tables 1 and 2: $name', ({ hex, signal, quality }) => {
    const compiled = compileMessage(database.messages[0])!;
    const rows = new Rows(compiled.tables('can0', 0)[0]);
    compiled.createDecoder([rows]).decode(bytesOf(hex.replaceAll('x', '0')), 0, 8, 0);
    expect(rows.columns[signal].qualityCodes[0]).toBe(quality);
  });
});

/** A signal somewhere in 8 bytes, of any length, order and sign. */
const signalIn8Bytes = fc
  .record({
    littleEndian: fc.boolean(),
    signed: fc.boolean(),
    bitLength: fc.integer({ min: 1, max: 64 }),
    at: fc.nat(63),
  })
  .map(({ littleEndian, signed, bitLength, at }): DbcSignal => {
    const first = Math.min(at, 64 - bitLength);
    // `first` counts from the first byte's lowest bit, or for big endian from its top bit.
    const startBit = littleEndian ? first : (first & ~7) + (7 - (first & 7));
    return {
      name: 'S',
      startBit,
      bitLength,
      littleEndian,
      signed,
      float: undefined,
      scale: 1,
      offset: 0,
      minimum: 0,
      maximum: 0,
      unit: '',
      isSelector: false,
      when: undefined,
      labels: undefined,
    };
  });

describe('compiled decoders', () => {
  it('agree with reading bit by bit, whatever the layout', () => {
    fc.assert(
      fc.property(
        signalIn8Bytes,
        fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 8 }),
        (signal, payloads) => {
          const layout: DbcMessage = { name: 'M', id: 1, length: 8, isJ1939: false, signals: [signal] };
          const compiled = compileMessage(layout)!;
          const rows = new Rows(compiled.tables('can0')[0], 1);
          const decoder = compiled.createDecoder([rows]);
          for (const data of payloads) decoder.decode(data, 0, 8, 0);
          const decoded = payloads.map((_, row) => BigInt(rows.columns[0].values[row] as number | bigint));
          expect(decoded).toEqual(payloads.map((data) => referenceRaw(signal, data)));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('take 100,000 payloads of any length without harm', () => {
    const { database } = parseDbc(EEC1, 'j1939.dbc');
    const compiled = compileMessage(database.messages[0])!;
    const rows = new Rows(compiled.tables('can0', 0)[0]);
    const decoder = compiled.createDecoder([rows]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        rows.clear();
        for (let i = 0; i < 10; i++) decoder.decode(data, 0, data.length, i);
        expect(rows.count).toBe(data.length >= 1 ? 10 : 0);
      }),
      { numRuns: 10_000 },
    );
  });
});
