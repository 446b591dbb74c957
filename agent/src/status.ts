import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/** The agent's state for `odograph-agent status`: a local socket that answers with one JSON object and closes. */
const SOCKET = 'agent.sock';

export interface StatusServer {
  close(): Promise<void>;
}

/** Serves what `status` gives at each connection. Only this machine's users who may enter the data directory reach it. */
export async function serveStatus(dataDir: string, status: () => Promise<object>): Promise<StatusServer> {
  const path = join(dataDir, SOCKET);
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    status().then(
      (value) => socket.end(JSON.stringify(value)),
      (error: Error) => socket.end(JSON.stringify({ error: error.message })),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Asks a running agent. Resolves to undefined where none runs on this data directory. */
export function askStatus(dataDir: string): Promise<object | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(dataDir, SOCKET));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => resolve(JSON.parse(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(error);
    });
  });
}
