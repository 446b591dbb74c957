import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Whether this machine can make pseudo terminals for us: Node cannot, Python can. */
export function canOpenPty(): boolean {
  try {
    execFileSync('python3', ['-c', 'import pty'], { stdio: 'ignore' });
    return process.platform !== 'win32';
  } catch {
    return false;
  }
}

/** A serial port made of software: what is written here is read by whoever opens `path`, and the other way round. */
export class Pty {
  /** Of the serial port: `/dev/pts/7`. */
  readonly path: string;
  readonly #child: ChildProcess;

  private constructor(path: string, child: ChildProcess) {
    this.path = path;
    this.#child = child;
  }

  static async open(onBytes: (bytes: Uint8Array) => void = () => {}): Promise<Pty> {
    const child = spawn('python3', [join(import.meta.dirname, 'pseudo_terminal.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const first = await new Promise<Buffer>((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('error', reject);
      child.once('close', (status) => reject(new Error(`the pseudo terminal ended with ${status}`)));
    });
    child.stdout.on('data', onBytes);
    return new Pty(first.toString().trim(), child);
  }

  write(bytes: string | Uint8Array): void {
    this.#child.stdin?.write(bytes);
  }

  /** Unplugs it: the port is gone. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill();
    await ended;
  }
}
