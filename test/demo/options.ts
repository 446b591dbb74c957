import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** A recording to run in place of the simulated vehicles. */
  readonly replay: string | undefined;
  readonly dbc: readonly string[];
  readonly speed: string;
  readonly port: number;
  readonly keep: boolean;
  /** Directory of all that the demo writes. */
  readonly data: string;
}

const USAGE = `npm start: two simulated vehicles, their agents, a gateway and its console

Usage: npm start [-- OPTION…]

  --replay LOG   run one agent on this recording (candump text, plain or gzipped) instead
  --dbc FILE     DBC file for the recording; may be given several times
  --speed N      with --replay: times its own pace (default 1)
  --port N       port of the console (default 8080; the next free one where it is taken)
  --keep         keep the data of the last demo instead of starting empty
  --data DIR     directory of the demo's data and logs (default .cache/demo)
  --help         this text

Examples:
  npm start
  npm start -- --replay drive.log.gz --dbc car.dbc --speed 5
`;

/** Reads the command line; undefined where help was asked for, and shown. Ends the process on a mistake. */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        replay: { type: 'string' },
        dbc: { type: 'string', multiple: true },
        speed: { type: 'string', default: '1' },
        port: { type: 'string', default: '8080' },
        keep: { type: 'boolean', default: false },
        data: { type: 'string', default: join(import.meta.dirname, '../../.cache/demo') },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return undefined;
    }
    const { replay, dbc = [], speed, keep } = values;
    const port = Number(values.port);
    if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) throw new Error('--port must be 0 to 65535');
    if (!(Number(speed) > 0)) throw new Error('--speed must be a number above 0');
    if (replay !== undefined && dbc.length === 0)
      throw new Error('--replay needs at least one --dbc FILE to decode the recording by');
    if (replay === undefined && dbc.length > 0) throw new Error('--dbc goes with --replay LOG');
    return { replay, dbc, speed, port, keep, data: resolve(values.data) };
  } catch (error) {
    process.stderr.write(`npm start: ${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}
