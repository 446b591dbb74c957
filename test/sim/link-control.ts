import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Link } from './links.ts';

const BODY_BYTES_MAX = 1024;

/** What a unit holds while nobody else can see it. */
export interface LinkDepth {
  readonly batches: number;
  readonly bytes: number;
  readonly oldestMs?: number;
}

export interface LinkControlServerOptions {
  readonly links: readonly Link[];
  /** Port on loopback; default 0, a free one. */
  readonly port?: number;
  /** Asks a unit how much it holds; undefined where it does not say. */
  readonly depthOf?: (unit: string) => Promise<LinkDepth | undefined>;
}

/**
 * Switches links by HTTP on loopback, as the gateway's console asks for it: `GET /links` gives `[{unit, up, depth?}]`,
 * `POST /links/:unit` with `{"up": false}` cuts one.
 */
export function serveLinkControl(options: LinkControlServerOptions): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(options, request).then(
      ({ status, body }) => send(response, status, body),
      (error: Error) => send(response, 500, { error: error.message }),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () =>
      resolve({ port: (server.address() as { port: number }).port, close: () => closeServer(server) }),
    );
  });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answer(options: LinkControlServerOptions, request: IncomingMessage): Promise<Answer> {
  const [, first, unit, more] = (request.url ?? '/').split('?')[0].split('/');
  if (first !== 'links' || more !== undefined) return { status: 404, body: { error: 'ask for /links' } };
  if (unit === undefined) {
    if (request.method !== 'GET') return { status: 405, body: { error: 'GET /links, or POST /links/UNIT' } };
    return { status: 200, body: await Promise.all(options.links.map((link) => stateOf(link, options))) };
  }
  const name = decodeURIComponent(unit);
  const link = options.links.find((candidate) => candidate.unit === name);
  if (!link) return { status: 404, body: { error: `there is no link of a unit ${name}` } };
  if (request.method !== 'POST') return { status: 405, body: { error: 'POST {"up": true or false}' } };
  const up = readUp(await readBody(request));
  if (up === undefined) return { status: 400, body: { error: 'send JSON, {"up": true} or {"up": false}' } };
  if (up) link.restore();
  else link.cut();
  return { status: 200, body: await stateOf(link, options) };
}

async function stateOf(link: Link, { depthOf }: LinkControlServerOptions): Promise<object> {
  const depth = await depthOf?.(link.unit).catch(() => undefined);
  return { unit: link.unit, up: link.up, ...(depth && { depth }) };
}

/** Empty where it is longer than anything that is asked for here. */
async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) return '';
  }
  return text;
}

function readUp(text: string): boolean | undefined {
  try {
    const { up } = JSON.parse(text) as { up?: unknown };
    return typeof up === 'boolean' ? up : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
