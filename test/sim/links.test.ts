import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveLinkControl } from './link-control.ts';
import { Link, type LinkOptions } from './links.ts';

/** The other end: says back what it hears, and counts who came. */
let echo: Server;
let links: Link[] = [];
let sockets: Socket[] = [];
let admitted = 0;

beforeEach(async () => {
  admitted = 0;
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    admitted++;
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const link of links) await link.close();
  links = [];
  sockets = [];
  await new Promise((resolve) => echo.close(resolve));
});

async function makeLink(options: Partial<LinkOptions> = {}): Promise<Link> {
  const { port } = echo.address() as { port: number };
  const link = await Link.listen({ unit: 'unit-1', to: { host: '127.0.0.1', port }, ...options });
  links.push(link);
  return link;
}

async function dial(link: Link): Promise<Socket> {
  const socket = connect(link.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Resolves when it is closed, by whatever. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function hear(socket: Socket, bytes: number): Promise<string> {
  let text = '';
  while (text.length < bytes) text += ((await once(socket, 'data')) as [Buffer])[0].toString();
  return text;
}

describe('a link', () => {
  it('passes bytes both ways, and ends', async () => {
    const link = await makeLink();
    const socket = await dial(link);
    socket.end('hello');
    expect(await hear(socket, 5)).toBe('hello');
    await once(socket, 'end');
    expect(link.carriedBytes).toBe(10);
  });

  it('passes more than any buffer holds', async () => {
    const link = await makeLink();
    const socket = await dial(link);
    const sent = Buffer.alloc(4 * 1024 ** 2, 'odograph ');
    socket.end(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });

  it('that is cut resets what is connected, and lets nobody through', async () => {
    const link = await makeLink();
    const socket = await dial(link);
    socket.write('x');
    await hear(socket, 1);
    const reset = closed(socket);
    link.cut();
    await reset;
    expect(link.up).toBe(false);

    const refused = connect(link.port, '127.0.0.1');
    refused.on('error', () => {});
    await closed(refused);
    expect(admitted).toBe(1);
  });

  it('that falls silent keeps connections and passes nothing; restored, what hung is reset', async () => {
    const link = await makeLink();
    const before = await dial(link);
    before.write('x');
    await hear(before, 1);
    link.cut('silent');
    const during = await dial(link);
    let heard = 0;
    for (const socket of [before, during]) {
      socket.on('data', (bytes: Buffer) => {
        heard += bytes.length;
      });
      socket.write('lost');
    }
    const reset = Promise.all([closed(before), closed(during)]);
    link.restore();
    await reset;
    expect(heard).toBe(0);
    expect(admitted).toBe(1);

    const after = await dial(link);
    after.write('again');
    expect(await hear(after, 5)).toBe('again');
  });

  it('resets the unit where nobody listens at the gateway', async () => {
    const link = await makeLink({ to: { host: '127.0.0.1', port: 1 } });
    const socket = connect(link.port, '127.0.0.1');
    socket.on('error', () => {});
    await closed(socket);
    expect(link.connections).toBe(0);
  });

  it('takes its time: a delay each way, and a rate', async () => {
    const link = await makeLink({ delayMs: 30, bytesPerSecond: 100_000 });
    const socket = await dial(link);
    const startMs = performance.now();
    socket.write(Buffer.alloc(10_000, 'x'));
    await hear(socket, 10_000);
    // 30 ms each way, and 100 ms for the bytes each way that overlap at best: never less.
    expect(performance.now() - startMs).toBeGreaterThan(155);
  });
});

describe('the link control', () => {
  const post = (url: string, body: string): Promise<Response> => fetch(url, { method: 'POST', body });

  it('lists and switches', async () => {
    const link = await makeLink();
    const control = await serveLinkControl({
      links: [link],
      depthOf: async () => ({ batches: 3, bytes: 4096 }),
    });
    const base = `http://127.0.0.1:${control.port}/links`;
    try {
      const depth = { batches: 3, bytes: 4096 };
      expect(await (await fetch(base)).json()).toEqual([{ unit: 'unit-1', up: true, depth }]);
      const answer = await post(`${base}/unit-1`, '{"up":false}');
      expect(await answer.json()).toEqual({ unit: 'unit-1', up: false, depth });
      expect(link.up).toBe(false);
      await post(`${base}/unit-1`, '{"up":true}');
      expect(link.up).toBe(true);
    } finally {
      await control.close();
    }
  });

  it.each([
    { what: 'an unknown unit', path: '/links/unit-9', body: '{"up":false}', status: 404 },
    { what: 'another path', path: '/', body: '{"up":false}', status: 404 },
    { what: 'no JSON', path: '/links/unit-1', body: 'off', status: 400 },
    { what: 'no boolean', path: '/links/unit-1', body: '{"up":"no"}', status: 400 },
    { what: 'null', path: '/links/unit-1', body: 'null', status: 400 },
    { what: 'a list that is posted to', path: '/links', body: '{"up":false}', status: 405 },
    { what: 'more than it reads', path: '/links/unit-1', body: `{"up":false${' '.repeat(5000)}}`, status: 400 },
  ])('says $status to $what, and switches nothing', async ({ path, body, status }) => {
    const link = await makeLink();
    const control = await serveLinkControl({ links: [link] });
    try {
      const answer = await post(`http://127.0.0.1:${control.port}${path}`, body);
      expect(answer.status).toBe(status);
      expect(await answer.json()).toHaveProperty('error');
      expect(link.up).toBe(true);
    } finally {
      await control.close();
    }
  });
});
