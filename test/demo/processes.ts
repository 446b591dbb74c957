import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SOURCE_FLAGS } from '../sim/source-flags.ts';

/** Lines of a process's log that are shown when it ends unasked. */
const LAST_LINES = 12;

/** The demo's processes: each logs to a file of its own, all end together, and one that ends unasked ends the demo. */
export class Processes {
  readonly #logDir: string;
  readonly #onEnded: (message: string) => void;
  readonly #running = new Map<string, ChildProcess>();
  #stopping = false;

  constructor(logDir: string, onEnded: (message: string) => void) {
    this.#logDir = logDir;
    this.#onEnded = onEnded;
    mkdirSync(logDir, { recursive: true });
  }

  /** Starts a script of ours. With `ready`, resolves to the first line of standard output, which must come. */
  start(name: string, script: string, args: readonly string[], ready: boolean): Promise<string> {
    const log = createWriteStream(join(this.#logDir, `${name}.log`));
    const child = spawn(process.execPath, [...SOURCE_FLAGS, script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.set(name, child);
    const last: string[] = [];
    const keep = (line: string): void => {
      log.write(`${line}\n`);
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
    };
    createInterface(child.stderr).on('line', keep);
    return new Promise((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        keep(line);
        resolve(line);
      });
      child.on('error', reject);
      child.on('close', (status, signal) => {
        this.#running.delete(name);
        log.end();
        const message = `${name} ended with ${signal ?? status}:\n${last.join('\n')}`;
        reject(new Error(message));
        // What ends by Ctrl+C ends in order; all else is news.
        if (!this.#stopping && status !== 0 && signal !== 'SIGINT') this.#onEnded(message);
      });
      if (!ready) resolve('');
    });
  }

  /** Ends them all, the last started first, so that agents say goodbye to a gateway that still listens. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const child of [...this.#running.values()].reverse()) {
      // Ctrl+C reaches them too: some are gone before their turn comes.
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
      await ended;
      clearTimeout(timer);
    }
  }
}
