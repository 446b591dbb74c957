import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { byteSize, ConfigError, duration, loadConfig, parseConfig } from '../src/config.ts';

const schema = z.strictObject({
  unit: z.string({ error: 'the name of this unit, as in its certificate' }),
  commit: duration.default(1000),
  buses: z.array(z.strictObject({ name: z.string(), driver: z.enum(['socketcan', 'replay']) })).default([]),
});

function problemsOf(text: string) {
  try {
    parseConfig(text, 'agent.yaml', schema);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems.map(({ key, line }) => ({ key, line }));
  }
  throw new Error('expected the config to be refused');
}

describe('parseConfig', () => {
  it('fills defaults and converts durations', () => {
    expect(parseConfig('unit: cab-1\ncommit: 2s\n', 'agent.yaml', schema)).toEqual({
      unit: 'cab-1',
      commit: 2000,
      buses: [],
    });
  });

  it.each([
    { name: 'missing key', text: 'commit: 1s\n', problems: [{ key: 'unit', line: undefined }] },
    { name: 'unknown key', text: 'unit: a\ncomit: 1s\n', problems: [{ key: 'comit', line: 2 }] },
    {
      name: 'wrong value deep down',
      text: 'unit: a\nbuses:\n  - name: can0\n    driver: can\n',
      problems: [{ key: 'buses.0.driver', line: 4 }],
    },
    { name: 'wrong duration', text: 'unit: a\ncommit: soon\n', problems: [{ key: 'commit', line: 2 }] },
    { name: 'not YAML', text: 'unit: "a\n', problems: [{ key: '', line: 2 }] },
    {
      name: 'several at once',
      text: 'comit: 1s\nbuses: 3\n',
      problems: [
        { key: 'unit', line: undefined },
        { key: 'buses', line: 2 },
        { key: 'comit', line: 1 },
      ],
    },
  ])('names key and line: $name', ({ text, problems }) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('says in the message what to do', () => {
    expect(() => parseConfig('commit: 1s\n', 'agent.yaml', schema)).toThrow(
      'agent.yaml: unit: is missing: the name of this unit, as in its certificate',
    );
    expect(() => loadConfig('/nowhere/agent.yaml', schema)).toThrow(
      '/nowhere/agent.yaml: there is no such file; name one with --config FILE',
    );
  });
});

it.each([
  ['500ms', 500],
  ['1.5s', 1500],
  ['7d', 604_800_000],
])('duration %s', (text, milliseconds) => expect(duration.parse(text)).toBe(milliseconds));

it.each([
  ['64KiB', 65_536],
  [4096, 4096],
])('byteSize %s', (text, bytes) => expect(byteSize.parse(text)).toBe(bytes));
