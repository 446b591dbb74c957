import { parseArgs } from 'node:util';

const USAGE = `soak: cuts links, kills agent, gateway and broker at random, then proves that nothing was lost

Usage: npm run soak -- [--minutes N | --rounds N] [--seed S | --replay S] [--kafka] [--ack spool|kafka] [--keep]

  --minutes N    begin rounds for so long (default 10)
  --rounds N     begin so many rounds instead
  --seed S       order, kinds and lengths of the faults (default: a random one, printed)
  --replay S     the same: the rounds of a seed that was printed before
  --kafka        deliver to a real Kafka as well, and kill it too (needs Java and kcat: npm run test:kafka brings the rest)
  --ack WHEN     with --kafka, when the gateway acknowledges: spool or kafka (default spool)
  --keep         keep the files after a good end too

Ends with 0 where every promise held, 1 where one did not, 2 where it was asked wrongly.
`;

export interface SoakOptions {
  readonly minutes: number;
  /** Instead of minutes. */
  readonly rounds: number | undefined;
  readonly seed: number;
  readonly kafka: boolean;
  readonly ack: 'spool' | 'kafka';
  readonly keep: boolean;
}

/** Undefined where help was asked for and given. Ends the process with 2 where the arguments are wrong. */
export function readOptions(args: readonly string[], random: () => number): SoakOptions | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string' },
        rounds: { type: 'string' },
        seed: { type: 'string' },
        replay: { type: 'string' },
        kafka: { type: 'boolean', default: false },
        ack: { type: 'string', default: 'spool' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return undefined;
    }
    const { ack, kafka, keep } = values;
    if (ack !== 'spool' && ack !== 'kafka') throw new Error('--ack must be spool or kafka');
    if (ack === 'kafka' && !kafka) throw new Error('--ack kafka needs --kafka');
    if (values.minutes !== undefined && values.rounds !== undefined) throw new Error('give --minutes or --rounds');
    if (values.seed !== undefined && values.replay !== undefined) throw new Error('give --seed or --replay');
    const seed = values.seed ?? values.replay;
    return {
      minutes: numberOf('minutes', values.minutes ?? '10'),
      rounds: values.rounds === undefined ? undefined : wholeOf('rounds', values.rounds),
      seed: seed === undefined ? Math.floor(random() * 2 ** 32) : wholeOf('seed', seed),
      kafka,
      ack,
      keep,
    };
  } catch (error) {
    process.stderr.write(`soak: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** What runs the same rounds again. */
export function replayCommand(seed: number, rounds: number, kafka?: { readonly ack: string }): string {
  return `npm run soak -- --replay ${seed} --rounds ${rounds}${kafka ? ` --kafka --ack ${kafka.ack}` : ''}`;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
  return value;
}

function wholeOf(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number`);
  return value;
}
