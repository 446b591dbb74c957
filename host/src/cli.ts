import { type ParseArgsConfig, parseArgs } from 'node:util';

export type OptionSpec = {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  readonly default?: string | boolean;
  /** Shown in --help as the value's name: FILE, SECONDS. */
  readonly value?: string;
  readonly help: string;
};

export type OptionValues = Readonly<Record<string, string | boolean | string[] | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What stands after the name: `LOG --dbc FILE…`. */
  readonly usage: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Whole lines as a user would type them, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Resolves to the exit status. */
  run(values: OptionValues, positionals: readonly string[]): Promise<number>;
}

export interface Program {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** A mistake of the caller: printed without a stack, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'host/usage';
}

const HELP: OptionSpec = { type: 'boolean', short: 'h', help: 'show this help' };

/** Runs a program's command line and gives the exit status: 0 done, 1 failed, 2 wrongly called. */
export async function runProgram(program: Program, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(programHelp(program));
    return name === undefined ? 2 : 0;
  }
  const command = program.commands.find((candidate) => candidate.name === name);
  if (!command) {
    const known = program.commands.map((candidate) => candidate.name).join(', ');
    process.stderr.write(`${program.name}: there is no command '${name}'; there are: ${known}\n`);
    return 2;
  }
  try {
    const options = { ...command.options, help: HELP };
    const { values, positionals } = parse(options, rest);
    if (values.help) {
      process.stdout.write(commandHelp(program, command));
      return 0;
    }
    return await command.run(values, positionals);
  } catch (error) {
    return report(program, command, error);
  }
}

function parse(options: Readonly<Record<string, OptionSpec>>, args: string[]) {
  try {
    const config = { options, args, allowPositionals: true, strict: true } as ParseArgsConfig;
    return parseArgs(config) as { values: OptionValues; positionals: string[] };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function report(program: Program, command: Command, error: unknown): number {
  const { message, stack, code } = error as Error & { code?: string };
  if (error instanceof UsageError) {
    process.stderr.write(`${program.name} ${command.name}: ${message}\nTry: ${program.name} ${command.name} --help\n`);
    return 2;
  }
  // An error of ours has a code and a message that says what to do; only a surprise deserves a stack.
  process.stderr.write(code === undefined ? `${stack}\n` : `${program.name}: ${message}\n`);
  return 1;
}

function programHelp({ name, summary, commands }: Program): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const list = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`).join('\n');
  return `${name}: ${summary}\n\nUsage: ${name} COMMAND [OPTION…]\n\nCommands:\n${list}\n\n${name} COMMAND --help shows a command's options and examples.\n`;
}

function commandHelp({ name }: Program, command: Command): string {
  const rows = Object.entries({ ...command.options, help: HELP }).map(([key, spec]) => {
    const short = spec.short ? `-${spec.short}, ` : '    ';
    const value = spec.type === 'string' ? ` ${spec.value ?? 'VALUE'}` : '';
    const fallback = spec.default === undefined || spec.default === false ? '' : ` (default ${spec.default})`;
    return [`  ${short}--${key}${value}${spec.multiple ? '…' : ''}`, `${spec.help}${fallback}`] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const options = rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join('\n');
  const examples = command.examples.map(([line, what]) => `  ${line}\n      ${what}`).join('\n');
  return `${name} ${command.name}: ${command.summary}\n\nUsage: ${name} ${command.name} ${command.usage}\n\nOptions:\n${options}\n\nExamples:\n${examples}\n`;
}

/** An option that may be repeated, always as a list. */
export function listOf(values: OptionValues, key: string): readonly string[] {
  const value = values[key];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [String(value)];
}

export function textOf(values: OptionValues, key: string): string | undefined {
  const value = values[key];
  return typeof value === 'string' ? value : undefined;
}
