import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

/** One thing that is wrong in a config, with its place and the mend. */
export interface ConfigProblem {
  /** Dotted path of the key, `buses.0.driver`; empty for the file as a whole. */
  readonly key: string;
  /** Line in the file, from 1; undefined where the key is not in the file. */
  readonly line: number | undefined;
  readonly message: string;
}

/** A config that cannot be used. `message` lists every problem, one a line, ready for a terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'host/config';
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => describe(file, problem)).join('\n'));
    this.file = file;
    this.problems = problems;
  }
}

function describe(file: string, { key, line, message }: ConfigProblem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return key === '' ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}

/** Reads and checks a YAML file. @throws ConfigError naming the key, its line and what to do. */
export function loadConfig<S extends z.ZodType>(file: string, schema: S): z.output<S> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file; name one with --config FILE' : message;
    throw new ConfigError(file, [{ key: '', line: undefined, message: why }]);
  }
  return parseConfig(text, file, schema);
}

/** Checks YAML text. `file` is used in messages only. @throws ConfigError */
export function parseConfig<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      key: '',
      line: lines.linePos(error.pos[0]).line,
      message: `not valid YAML: ${error.message}; check the indentation and quotes of this line`,
    }));
    throw new ConfigError(file, problems);
  }
  const result = schema.safeParse(document.toJS() ?? {});
  if (result.success) return result.data;
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  };
  throw new ConfigError(
    file,
    result.error.issues.flatMap((issue) => explain(issue, lineOf)),
  );
}

type LineOf = (path: readonly PropertyKey[]) => number | undefined;

function explain(issue: z.core.$ZodIssue, lineOf: LineOf): ConfigProblem[] {
  const key = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => ({
      key: [...issue.path, unknown].join('.'),
      line: lineOf([...issue.path, unknown]),
      message: 'there is no such key; remove it or correct its spelling (the JSON Schema lists the keys)',
    }));
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined && lineOf(issue.path) === undefined;
  const message = missing ? `is missing: ${issue.message}` : issue.message;
  return [{ key, line: lineOf(issue.path), message }];
}

/** The JSON Schema of a config, for editors: put its address in the file's first line as `# yaml-language-server: $schema=…`. */
export function jsonSchemaOf(schema: z.ZodType, title: string): object {
  return { title, ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) };
}

const TIME_MEND = 'write a number and a unit: 500ms, 10s, 5m, 2h or 7d';

/** A span of time in a config: `1500ms`, `10s`, `5m`, `2h`, `7d`. Gives milliseconds. */
export const duration = z
  .string(TIME_MEND)
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, TIME_MEND)
  .transform((text) => {
    const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    const [, number, , unit] = /^(\d+(\.\d+)?)(\D+)$/.exec(text)!;
    return Number(number) * unitMs[unit as keyof typeof unitMs];
  });

/** An amount of bytes in a config: `64KiB`, `256MiB`, `4GiB`, or a plain number. Gives bytes. */
export const byteSize = z
  .union([
    z.number().int().positive(),
    z.string().regex(/^\d+(\.\d+)?(KiB|MiB|GiB)$/, 'write a number and a unit: 64KiB, 256MiB or 4GiB'),
  ])
  .transform((value) => {
    if (typeof value === 'number') return value;
    const unitBytes = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
    const [, number, , unit] = /^(\d+(\.\d+)?)(\D+)$/.exec(value)!;
    return Math.round(Number(number) * unitBytes[unit as keyof typeof unitBytes]);
  });
