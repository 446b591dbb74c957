import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/** What this machine's users who may enter the data directory can ask a running gateway. */
const SOCKET = 'gateway.sock';
const QUESTION_BYTES_MAX = 64 * 1024;

/** What is asked: a line of JSON. The answer is JSON too, and ends the connection. */
export type Question = { readonly ask: 'status' } | { readonly ask: 'ledger'; readonly units: readonly string[] };

/** Answers questions on a local socket in the data directory. */
export async function serveQuestions(
  dataDir: string,
  answer: (question: Question) => Promise<unknown>,
): Promise<{ close(): Promise<void> }> {
  const path = join(dataDir, SOCKET);
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    readLine(socket)
      .then((line) => answer(JSON.parse(line) as Question))
      .then(
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

/** Asks the gateway that runs on this data directory; undefined where none does. */
export async function ask<Answer>(dataDir: string, question: Question): Promise<Answer | undefined> {
  const socket = connect(join(dataDir, SOCKET));
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
