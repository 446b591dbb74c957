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
    // The path's line may come in pieces, and what follows it in the same one.
    const path = await new Promise<string>((resolve, reject) => {
      let text = '';
      const onLine = (chunk: Buffer): void => {
        text += chunk.toString('latin1');
        const end = text.indexOf('\n');
        if (end < 0) return;
        child.stdout.off('data', onLine);
        if (end + 1 < text.length) onBytes(Buffer.from(text.slice(end + 1), 'latin1'));
        child.stdout.on('data', onBytes);
        resolve(text.slice(0, end));
      };
      child.stdout.on('data', onLine);
      child.once('error', reject);
      child.once('close', (status) => reject(new Error(`the pseudo terminal ended with ${status}`)));
    });
    return new Pty(path, child);
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
