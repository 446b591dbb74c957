import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';

/** What `sun_path` of struct sockaddr_un holds beside its final zero (unix(7)). */
const PATH_BYTES_MAX = 107;
const QUESTION_BYTES_MAX = 64 * 1024;
/** Whoever connects and says nothing is not waited for. */
const SILENCE_MS = 5_000;

/** A local socket that cannot be had: why, and what to do. */
export class LocalSocketError extends Error {
  override readonly name = 'LocalSocketError';
  readonly code = 'host/local-socket';
}

/**
 * Answers questions of this machine's commands on a local socket: a line of JSON each, answered with JSON, which ends the
 * connection. Only this user may connect. @throws LocalSocketError where the path is too long
 */
export async function serveLocal(
  path: string,
  answer: (question: unknown) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new LocalSocketError(
      `${path} is longer than the ${PATH_BYTES_MAX} bytes of a local socket: use a shorter dataDir`,
    );
  }
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    readLine(socket)
      .then((line) => answer(JSON.parse(line)))
      .then(
        (value) => socket.end(JSON.stringify(value)),
        (error: Error) => socket.end(JSON.stringify({ error: error.message })),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Asks whoever serves the path; undefined where nobody does. */
export async function askLocal<Answer>(path: string, question: unknown): Promise<Answer | undefined> {
  const socket = connect(path);
  const connected = await new Promise<boolean>((resolve, reject) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(false);
      else reject(error);
    });
  });
  if (!connected) return undefined;
  socket.write(`${JSON.stringify(question)}\n`);
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return JSON.parse(text) as Answer;
}

function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > QUESTION_BYTES_MAX) reject(new Error('the question is too long'));
    });
    socket.on('close', () => reject(new Error('no question came')));
  });
}
