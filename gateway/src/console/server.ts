import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenError } from '../listen-error.ts';
import { type ApiParts, answers, type Query, requireLinks } from './api.ts';
import type { ConsoleData } from './data.ts';
import { DepthLog } from './depth-log.ts';
import { errorBody, HttpError, isHttpError } from './errors.ts';
import { createLinkControl, watchLinks } from './links.ts';
import { linkBody, parseParams, pathName, streamQuery } from './params.ts';
import { checkHost, checkSameOrigin, securityHeaders } from './security.ts';
import { staticFiles } from './static-files.ts';
import { StreamHub } from './stream.ts';

/** What a path outside the API answers: /healthz, /readyz, /metrics. */
export interface PlainAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface ConsoleOptions {
  readonly host: string;
  readonly port: number;
  readonly title: string;
  readonly tileUrl?: string;
  /** Address of a link control. */
  readonly linkControl?: string;
  /** Names beside localhost under which a console on loopback is opened, by a proxy for example. */
  readonly names?: readonly string[];
  /** Directory of the built page. */
  readonly pageDir: string;
  readonly data: ConsoleData;
  /** By path: `/healthz`, `/readyz`, `/metrics`. */
  readonly probes: Readonly<Record<string, () => Promise<PlainAnswer>>>;
  readonly nowMs: () => number;
  /** Called for failures that are ours, not the caller's. */
  readonly onError: (error: unknown, path: string) => void;
}

export interface Console {
  /** Resolves once it listens, with the address of the page. Rejects where the port cannot be had. */
  listen(): Promise<string>;
  close(): Promise<void>;
  readonly stream: { readonly size: number; readonly dropped: number };
}

const BODY_BYTES_MAX = 4096;
const ANSWER_MS_MAX = 10_000;
const CONNECTIONS_MAX = 512;
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** The console's HTTP server: page, JSON API, live stream and the gateway's probes. No sign-in: it belongs on loopback or behind a proxy. */
export function createConsole(options: ConsoleOptions): Console {
  const { data, probes, nowMs, title, tileUrl } = options;
  const hub = new StreamHub();
  const depths = new DepthLog();
  const parts: ApiParts = {
    data,
    depths,
    links: options.linkControl === undefined ? undefined : createLinkControl(options.linkControl, nowMs),
    page: { title, tileUrl },
    nowMs,
  };
  const watch = parts.links && watchLinks(parts.links, hub, depths, nowMs);
  const page = staticFiles(options.pageDir);
  const headers = Object.entries(securityHeaders(tileUrl));
  const unsubscribe = data.subscribe((update) => {
    if (update.kind === 'depth') depths.add(update.unit, update.depth);
    hub.note(update);
  });

  async function answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (LOOPBACK.test(options.host)) checkHost(request.headers.host, options.names ?? []);
    const probe = probes[url.pathname];
    if (request.method === 'POST') return sendJson(response, 200, await setLink(request, url.pathname));
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new HttpError(405, 'method', 'only GET, HEAD and, to switch a link, POST are answered here');
    if (probe !== undefined) return sendPlain(response, await probe());
    if (!url.pathname.startsWith('/api/')) {
      if (page(request, response, url.pathname)) return;
      throw new HttpError(404, 'no-such-path', `there is nothing at ${url.pathname}: the page is at /`);
    }
    if (url.pathname === '/api/v1/stream' && request.method === 'GET') return openStream(response, url);
    sendJson(response, 200, await withinTime(answerApi(parts, url)));
  }

  function openStream(response: ServerResponse, url: URL): void {
    const { vehicle } = parseParams(streamQuery, queryOf(url));
    if (!hub.add(response, vehicle))
      throw new HttpError(503, 'stream-full', 'as many pages are open as this gateway serves: close one and reload');
  }

  async function setLink(request: IncomingMessage, path: string): Promise<object> {
    const unit = nameAfter(path, '/api/v1/links/');
    if (unit === undefined) throw new HttpError(404, 'no-such-path', `nothing can be posted to ${path}`);
    checkSameOrigin(request);
    const links = requireLinks(parts.links);
    const { up } = parseParams(linkBody, await readJson(request));
    const known = await links.links();
    if (!known.some((link) => link.unit === unit))
      throw new HttpError(404, 'unknown', `the link control knows no unit \`${unit}\``);
    await links.set(unit, up);
    return { unit, up };
  }

  const server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    // As text, so that `//name` is a path and not a host.
    const address = `http://console${request.url}`;
    const url = request.url?.startsWith('/') && URL.canParse(address) ? new URL(address) : undefined;
    const work = url
      ? answer(request, response, url)
      : Promise.reject(new HttpError(400, 'address', 'the address of the request cannot be read'));
    work.catch((error) => fail(response, error, url?.pathname ?? ''));
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = CONNECTIONS_MAX;

  function fail(response: ServerResponse, error: unknown, path: string): void {
    const known = isHttpError(error);
    if (!known) options.onError(error, path);
    if (response.headersSent) return void response.destroy();
    const told = known
      ? error
      : new HttpError(500, 'internal', 'the gateway failed to answer; its log says why, under `console`');
    sendJson(response, told.status, errorBody(told));
  }

  return {
    stream: hub,
    listen: () => listen(server, options.host, options.port),
    async close() {
      unsubscribe();
      watch?.stop();
      hub.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), 1000);
      await closed;
      clearTimeout(force);
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError({ host, port }, error)));
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}/`);
    });
  });
}

async function answerApi(parts: ApiParts, url: URL): Promise<object> {
  const path = url.pathname.replace(/^\/api\/v1\//, '');
  const [collection, name, leaf, ...rest] = path.split('/');
  const known = [collection, name === undefined ? undefined : ':name', leaf]
    .filter((part) => part !== undefined)
    .join('/');
  const answerFor = rest.length === 0 && Object.hasOwn(answers, known) ? answers[known] : undefined;
  if (answerFor === undefined) throw new HttpError(404, 'no-such-path', `the API has no ${url.pathname}`);
  return answerFor(parts, name === undefined ? '' : decodeName(name), queryOf(url));
}

function queryOf(url: URL): Query {
  return Object.fromEntries(url.searchParams);
}

function decodeName(text: string): string {
  try {
    return parseParams(pathName, decodeURIComponent(text));
  } catch (error) {
    if (isHttpError(error)) throw new HttpError(400, error.code, `the name in the path ${error.message}`, 'path');
    throw new HttpError(400, 'parameter-invalid', 'the name in the path is not percent-encoded UTF-8', 'path');
  }
}

function nameAfter(path: string, prefix: string): string | undefined {
  const rest = path.startsWith(prefix) ? path.slice(prefix.length) : '';
  return rest === '' || rest.includes('/') ? undefined : decodeName(rest);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new HttpError(413, 'body-size', `the body has more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpError(400, 'parameter-invalid', '`body`: is not JSON', 'body');
  }
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new HttpError(503, 'slow', 'the history took too long to answer: ask for a shorter span, or try again'));
    }, ANSWER_MS_MAX);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value);
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

function sendPlain(response: ServerResponse, { status, type, body }: PlainAnswer): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
