import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { SOURCE_FLAGS } from './source-flags.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LOG_LINES_KEPT = 200;

/** One of our programs as a process of its own, as tests start, kill and start it again. */
export class Program {
  readonly #script: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  /** The newest lines of its log, for the message of a test that fails. */
  readonly log: string[] = [];

  /** `script` is relative to the repository: `agent/src/main.ts`. */
  constructor(script: string, args: readonly string[]) {
    this.#script = resolve(ROOT, script);
    this.#args = args;
  }

  /** Starts it; resolves to its first line of standard output, read as JSON: every program of ours says so when it is ready. */
  start<Ready = Record<string, unknown>>(): Promise<Ready> {
    const args = [...SOURCE_FLAGS, this.#script, ...this.#args];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    createInterface(child.stderr).on('line', (line) => {
      this.log.push(line);
      if (this.log.length > LOG_LINES_KEPT) this.log.shift();
    });
    return new Promise((done, fail) => {
      createInterface(child.stdout).once('line', (line) => done(JSON.parse(line)));
      child.once('error', fail);
      child.once('close', (status, signal) => {
        fail(new Error(`${this.#script} ended with ${signal ?? status} before it was ready:\n${this.log.join('\n')}`));
      });
    });
  }

  /** Resolves to its exit status, or the signal that ended it. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | string> {
    const child = this.#child;
    if (!child) return 0;
    const ended = this.ended();
    child.kill(signal);
    return await ended;
  }

  /** Resolves when it ends. */
  ended(): Promise<number | string> {
    const child = this.#child;
    if (!child) return Promise.resolve(0);
    if (child.exitCode !== null || child.signalCode !== null)
      return Promise.resolve(child.exitCode ?? child.signalCode!);
    return new Promise((done) => child.once('close', (status, signal) => done(status ?? signal!)));
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

/** Runs one of our programs to its end. */
export async function runToEnd(
  script: string,
  args: readonly string[],
): Promise<{ status: number; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...SOURCE_FLAGS, resolve(ROOT, script), ...args], { cwd: ROOT });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const status = await new Promise<number>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done(code ?? -1));
  });
  return { status, stdout, stderr };
}
