import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { type Console, createConsole } from '@iot/gateway';
import type { SimulatedFleet } from './console-data.ts';

export const PAGE_DIR = resolve(import.meta.dirname, '../../gateway/console/dist');

export interface SimulatedConsole {
  readonly url: string;
  readonly server: Console;
  readonly errors: unknown[];
  close(): Promise<void>;
}

/** The real console server on a simulated fleet, with a link control of its own unless told otherwise. */
export async function startSimulatedConsole(
  fleet: SimulatedFleet,
  options: {
    readonly nowMs: () => number;
    readonly port?: number;
    readonly linkControl?: boolean;
    readonly pageDir?: string;
  },
): Promise<SimulatedConsole> {
  const control = options.linkControl === false ? undefined : await startLinkControl(fleet);
  const errors: unknown[] = [];
  const text = (body: string) => async () => ({ status: 200, type: 'text/plain; charset=utf-8', body });
  const server = createConsole({
    host: '127.0.0.1',
    port: options.port ?? 0,
    title: 'Odograph',
    linkControl: control?.url,
    pageDir: options.pageDir ?? PAGE_DIR,
    data: fleet,
    probes: {
      '/healthz': text('ok\n'),
      '/readyz': async () => ({
        status: 503,
        type: 'application/json',
        body: '{"ready":false,"reasons":["simulated"]}',
      }),
      '/metrics': text('# no metrics\n'),
    },
    nowMs: options.nowMs,
    onError: (error) => errors.push(error),
  });
  const url = await server.listen();
  return {
    url,
    server,
    errors,
    async close() {
      await server.close();
      await control?.close();
    },
  };
}

/** `GET /links` and `POST /links/:unit {up}`, as the gateway's console expects them of a demo. */
async function startLinkControl(fleet: SimulatedFleet): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answerLink(fleet, request, response).catch(() => response.writeHead(400).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answerLink(fleet: SimulatedFleet, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const unit = decodeURIComponent(/^\/links\/([^/]+)$/.exec(request.url ?? '')?.[1] ?? '');
  if (request.method === 'GET') return void response.end(JSON.stringify(fleet.links()));
  let body = '';
  for await (const chunk of request) body += chunk;
  const { up } = JSON.parse(body) as { up: boolean };
  response.writeHead(fleet.setLink(unit, up) ? 200 : 404).end('{}');
}
