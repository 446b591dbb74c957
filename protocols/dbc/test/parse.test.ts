import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDbc } from '../src/index.ts';

const GOOD = `VERSION ""
NS_ :
	NS_DESC_
	SG_MUL_VAL_
BS_:
BU_: A B
BO_ 256 First: 8 A
 SG_ Speed : 0|16@1+ (0.01,0) [0|250] "km/h" B
 SG_ Gear : 16|4@1+ (1,0) [0|15] "" B
BO_ 2364540158 Second: 8 Vector__XXX
 SG_ Level : 8|8@1+ (0.4,0) [0|100] "%" B
CM_ SG_ 256 Speed "a comment
over two lines; BO_ 1 Not: 8 A";
VAL_ 256 Gear 0 "neutral" 1 "first" 15 "not available" ;
`;

const signalNames = (text: string): string[] =>
  parseDbc(text, 'f').database.messages.flatMap(({ name, signals }) =>
    signals.map((signal) => `${name}.${signal.name}`),
  );

describe('parseDbc', () => {
  it('reads messages, signals, units and value tables, and skips the rest', () => {
    const { database, problems } = parseDbc(GOOD, 'good.dbc');
    expect(problems).toEqual([]);
    expect(signalNames(GOOD)).toEqual(['First.Speed', 'First.Gear', 'Second.Level']);
    expect(database.messages[0].signals[0]).toMatchObject({
      startBit: 0,
      bitLength: 16,
      scale: 0.01,
      unit: 'km/h',
      signed: false,
    });
    expect(database.messages[0].signals[1].labels!.get(15)).toBe('not available');
    expect(database.messages[1].id).toBe(0x8cf004fe);
  });

  it('takes all line ends', () => {
    for (const end of ['\r\n', '\r']) expect(signalNames(GOOD.replaceAll('\n', end))).toHaveLength(3);
  });

  it.each([
    {
      name: 'a message that is none',
      line: 7,
      from: 'BO_ 256 First: 8 A',
      to: 'BO_ 256 First 8 A',
      left: ['Second.Level'],
    },
    { name: 'a signal that is none', line: 8, from: '0|16@1+', to: '0|16@2+', left: ['First.Gear', 'Second.Level'] },
    {
      name: 'a signal beyond its message',
      line: 9,
      from: '16|4@1+',
      to: '62|4@1+',
      left: ['First.Speed', 'Second.Level'],
    },
    { name: 'a signal of no bits', line: 9, from: '16|4@1+', to: '16|0@1+', left: ['First.Speed', 'Second.Level'] },
    { name: 'a signal of 65 bits', line: 9, from: '16|4@1+', to: '0|65@1+', left: ['First.Speed', 'Second.Level'] },
    { name: 'a name that is taken', line: 9, from: 'SG_ Gear', to: 'SG_ Speed', left: ['First.Speed', 'Second.Level'] },
    { name: 'an id that is none', line: 7, from: 'BO_ 256 First', to: 'BO_ 99999999999 First', left: ['Second.Level'] },
    {
      name: 'a quote that is never closed',
      line: 12,
      from: 'lines; BO_ 1 Not: 8 A";',
      to: 'lines',
      left: ['First.Speed', 'First.Gear', 'Second.Level'],
      silent: true,
    },
  ])('reports the line of $name and reads the rest', ({ line, from, to, left, silent }) => {
    const { problems } = parseDbc(GOOD.replace(from, to), 'bad.dbc');
    if (!silent) expect(problems.map((problem) => problem.line)).toEqual([line]);
    expect(signalNames(GOOD.replace(from, to))).toEqual(left);
  });

  it('tells a multiplexed signal whose selector is missing, and reads it always', () => {
    const text = 'BO_ 1 M: 8 A\n SG_ X m1 : 0|8@1+ (1,0) [0|0] "" B\nSG_MUL_VAL_ 1 X Nowhere 1-1;\n';
    const { database, problems } = parseDbc(text, 'f');
    expect(problems[0].message).toContain('depends on Nowhere');
    expect(database.messages[0].signals[0].when).toBeUndefined();
  });

  it.each([
    {
      name: 'a selector that is not there',
      text: ' SG_ X m1 : 0|8@1+ (1,0) [0|0] "" B',
      says: 'depends on a selector',
    },
    {
      name: 'selectors in a circle',
      text: ' SG_ S m1M : 0|8@1+ (1,0) [0|0] "" B\n SG_ T m1M : 8|8@1+ (1,0) [0|0] "" B\nSG_MUL_VAL_ 1 S T 1-1;\nSG_MUL_VAL_ 1 T S 1-1;',
      says: 'which depends on it in turn',
    },
    { name: 'a factor that is no number', text: ' SG_ X : 0|8@1+ (1e999,0) [0|0] "" B', says: 'beyond any number' },
    {
      name: 'a multiplexer value of 80 bits',
      text: ` SG_ X m${'9'.repeat(24)} : 0|8@1+ (1,0) [0|0] "" B`,
      says: 'more than 32 bits',
    },
  ])('tells $name', ({ text, says }) => {
    expect(
      parseDbc(`BO_ 1 M: 8 A\n${text}\n`, 'f')
        .problems.map((problem) => problem.message)
        .join(),
    ).toContain(says);
  });

  it('takes a 29-bit id without bit 31 as extended, and says so', () => {
    const { database, problems } = parseDbc('BO_ 217056510 M: 8 A\n SG_ X : 0|8@1+ (1,0) [0|0] "" B\n', 'f');
    expect(database.messages[0].id).toBe(0x8cf004fe);
    expect(problems).toHaveLength(1);
  });

  it('finds J1939 messages though the attribute is used before it is defined', () => {
    const text =
      'BO_ 2364540158 M: 8 A\nBA_ "VFrameFormat" BO_ 2364540158 3;\nBA_DEF_ BO_ "VFrameFormat" ENUM "a","b","c","J1939PG";\n';
    expect(parseDbc(text, 'f').database.messages[0].isJ1939).toBe(true);
  });

  it('takes 100,000 damaged files without harm', () => {
    const lines = GOOD.split('\n');
    // A hundred statements in each run, one piece of each exchanged for noise: a hundred damaged inputs for the price of one.
    const damaged = fc
      .tuple(fc.constantFrom(...lines), fc.nat(80), fc.string({ maxLength: 6 }))
      .map(([line, at, noise]) => line.slice(0, at) + noise + line.slice(at + 2));
    fc.assert(
      fc.property(fc.array(damaged, { minLength: 100, maxLength: 100 }), (statements) => {
        const { database, problems } = parseDbc(statements.join('\n'), 'f');
        expect(problems.length).toBeLessThanOrEqual(100);
        for (const { length, signals } of database.messages)
          for (const { bitLength } of signals) expect(bitLength).toBeLessThanOrEqual(length === 0 ? 64 : length * 8);
      }),
      { numRuns: 1_000 },
    );
  });
});
