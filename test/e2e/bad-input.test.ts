import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { writeConfig } from '../sim/fleet-config.ts';
import { COUNTER_DBC, counterLines } from '../sim/little-fleet.ts';
import { Program, runToEnd } from '../sim/process.ts';

/** What people give us that is wrong: it is said in words, with its place, and what is right beside it is used. */

const AGENT = 'agent/src/main.ts';
const GATEWAY = 'gateway/src/main.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odograph-bad-'));
  const made = folder;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('odograph-agent decode', () => {
  it('of a log with damaged lines names them and decodes the others', async () => {
    const lines = counterLines(0, 6);
    lines[1] = '(1700000000.25 can0 100#01\n';
    lines[3] = lines[3].replace('#', '#Z');
    const log = file('drive.log', lines.join('').slice(0, -4));
    const decoded = await runToEnd(AGENT, ['decode', log, '--dbc', file('counter.dbc', COUNTER_DBC), '--json']);
    expect(decoded.status).toBe(0);
    const values = decoded.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).value);
    expect(values).toEqual([0, 2, 4]);
    const said = decoded.stderr.trim().split('\n');
    expect(said).toEqual([
      expect.stringMatching(/drive\.log:2: .*column 15: a timestamp is \(seconds\.fraction\)/),
      expect.stringMatching(/drive\.log:4: .*data is pairs of hex digits/),
      expect.stringMatching(/drive\.log:6: .*data is pairs of hex digits/),
    ]);
  });

  it('with a damaged DBC names its lines and uses the other signals', async () => {
    const dbc = file(
      'damaged.dbc',
      `${COUNTER_DBC} SG_ Broken : 0|abc@1+ (1,0) [0|0] "" X\nBO_ 257 Other: 8 X\n SG_ Wide : 60|32@1+ (1,0) [0|0] "" X\n`,
    );
    const log = file('drive.log', counterLines(7, 1).join(''));
    const decoded = await runToEnd(AGENT, ['decode', log, '--dbc', dbc, '--stats', '--json']);
    expect(decoded.status).toBe(0);
    expect(JSON.parse(decoded.stdout).signals).toMatchObject({ 'Counter.Value': { count: 1, first: 7 } });
    expect(decoded.stderr).toMatch(/damaged\.dbc:3: a signal is "SG_ NAME : .*the signal is left out/);
    expect(decoded.stderr).toMatch(/damaged\.dbc:5: .*Wide/);
  });

  it.each([
    { name: 'an empty file', bytes: '', status: 0, says: /^$/ },
    { name: 'no log at all', bytes: '\u0000\u0001ELF\n\u0000', status: 0, says: /drive\.log:1: / },
  ])('of $name neither fails nor hangs', async ({ bytes, status, says }) => {
    const log = file('drive.log', bytes);
    const decoded = await runToEnd(AGENT, ['decode', log, '--dbc', file('counter.dbc', COUNTER_DBC)]);
    expect(decoded).toMatchObject({ status, stdout: '', stderr: expect.stringMatching(says) });
  });
});

it('an agent replays what is whole of a damaged log and DBC, and logs the rest by line', async () => {
  const lines = counterLines(0, 4);
  lines[2] = 'no frame at all\n';
  const config = writeConfig(folder, 'agent', {
    unit: 'unit-1',
    vehicle: 'CAB-1',
    dataDir: join(folder, 'data'),
    buses: [
      {
        name: 'can0',
        driver: 'replay',
        file: file('drive.log', lines.join('')),
        speed: 'max',
        stamp: 'log',
        dbc: [file('damaged.dbc', `${COUNTER_DBC} SG_ Broken\n`)],
      },
    ],
  });
  const agent = new Program(AGENT, ['run', '--config', config]);
  onTestFinished(() => void agent.stop('SIGKILL'));
  await agent.start();
  await expect.poll(() => agent.log.join('\n'), { timeout: 10_000 }).toContain('every recording is at its end');
  expect(agent.log.join('\n')).toMatch(/damaged\.dbc:3: .*the signal is left out/);
  expect(agent.log.join('\n')).toMatch(/drive\.log: line 3, /);
  const { stdout } = await runToEnd(AGENT, ['status', '--config', config, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ collected: { readings: 3, droppedReadings: 0 } });
  expect(await agent.stop()).toBe(0);
});

const VALIDATE = ['validate', '--config'];
describe.each([
  { program: AGENT, check: VALIDATE, good: { unit: 'unit-1', vehicle: 'CAB-1', dataDir: 'data' } },
  { program: GATEWAY, check: ['check', '--config'], good: { dataDir: 'data' } },
])('a config of $program', ({ program, check, good }) => {
  const asYaml = (config: object): string =>
    Object.entries(config)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join('');
  const lineOf = Object.keys(good).length + 1;
  const cases = [
    {
      name: 'a misspelt key',
      line: 'logg: info',
      says: `:${lineOf}: logg: there is no such key; remove it or correct`,
    },
    { name: 'a value out of its choices', line: 'log: loud', says: `:${lineOf}: log: Invalid option: expected one of` },
    { name: 'broken YAML', line: 'log: [info', says: 'not valid YAML' },
  ];
  it.each(cases)('with $name is refused by key and line', async ({ line, says }) => {
    const config = file('bad.yaml', `${asYaml(good)}${line}\n`);
    for (const command of [check, ['run', '--config']]) {
      const ended = await runToEnd(program, [...command, config]);
      expect(ended).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(says) });
      expect(ended.stderr).not.toContain('    at ');
    }
  });
});

it.each([
  { key: 'batch.live', text: 'batch:\n  live: 5\n', line: 5 },
  { key: 'store.commit', text: 'store:\n  commit: soon\n', line: 5 },
])('a time without a unit says how to write it: $key', async ({ key, text, line }) => {
  const config = file('agent.yaml', `unit: unit-1\nvehicle: CAB-1\ndataDir: data\n${text}`);
  const { status, stderr } = await runToEnd(AGENT, [...VALIDATE, config]);
  expect(status).toBe(1);
  expect(stderr).toContain(`agent.yaml:${line}: ${key}: write a number and a unit: 500ms, 10s, 5m, 2h or 7d`);
});
