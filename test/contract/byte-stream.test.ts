import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SerialStream, TcpStream } from '@iot/agent';
import { describe } from 'vitest';
import { canOpenPty, Pty } from '../sim/pty.ts';
import { describeByteStream } from './byte-stream.ts';
import { hastyClock } from './frames.ts';

const random = (): number => 0.5;

describeByteStream('TCP', async () => {
  let heard = '';
  const sockets = new Set<Socket>();
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      socket.on('data', (bytes) => {
        heard += bytes.toString();
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server = await listen(0);
  const { port } = server.address() as { port: number };
  const lose = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    stream: new TcpStream({ name: 'gnss', host: '127.0.0.1', port, clock: hastyClock(), random }),
    put: (bytes) => {
      for (const socket of sockets) socket.write(bytes);
    },
    heard: () => heard,
    lose,
    async restore() {
      server = await listen(port);
    },
    remove: lose,
  };
});

describe.skipIf(!canOpenPty())('on a pseudo terminal (needs python3)', () => {
  describeByteStream('serial', async () => {
    let heard = '';
    const folder = await mkdtemp(join(tmpdir(), 'odo-serial-'));
    // As below /dev/serial/by-id: the name stays, and leads to whatever the system made of the adapter this time.
    const device = join(folder, 'receiver');
    const plug = async (): Promise<Pty> => {
      const pty = await Pty.open((bytes) => {
        heard += Buffer.from(bytes).toString();
      });
      await symlink(pty.path, device);
      return pty;
    };
    let pty = await plug();
    const unplug = async (): Promise<void> => {
      await rm(device, { force: true });
      await pty.close();
    };
    return {
      stream: new SerialStream({ name: 'gnss', device, baudRate: 115_200, clock: hastyClock(), random }),
      put: (bytes) => pty.write(bytes),
      heard: () => heard,
      lose: unplug,
      async restore() {
        pty = await plug();
      },
      async remove() {
        await unplug();
        await rm(folder, { recursive: true });
      },
    };
  });
});
