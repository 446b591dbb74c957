import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { gatewayConfig } from '../src/config.ts';
import { startGateway } from '../src/gateway.ts';
import { ManualClock } from './support/clock.ts';
import { silent, temporaryDirectory } from './support/plane.ts';

/** A port that another program has. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function startIn(directory: string, ports: { mqtt: number; console: number }) {
  const config = gatewayConfig.parse({
    dataDir: directory,
    mqtt: [{ port: 0 }, { port: ports.mqtt }],
    console: { port: ports.console },
    log: 'silent',
  });
  const configFile = join(directory, 'gateway.yaml');
  return startGateway({ config, configFile, clock: new ManualClock(), random: () => 0.5, log: silent });
}

/** That are open in this process: only the taken port's, where a gateway has none. Handles go a little after `close`. */
const listeners = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;

it.each([{ listener: 'mqtt' }, { listener: 'console' }] as const)(
  'a start that cannot have the port of $listener says so, and leaves nothing open',
  async ({ listener }) => {
    const directory = temporaryDirectory();
    const port = await takenPort();
    const ports = { mqtt: 0, console: 0 };
    await expect(startIn(directory, { ...ports, [listener]: port })).rejects.toMatchObject({
      code: 'gateway/listen',
      message: `cannot listen on 127.0.0.1:${port}: the port is in use; stop the program that has it (\`ss -ltnp\` names it) or choose another port`,
    });
    await expect.poll(listeners).toBe(1);
    // The spool's file is locked as long as it is open, so a second start proves that it was closed.
    const gateway = await startIn(directory, ports);
    expect(gateway.addresses.mqtt).toHaveLength(2);
    await gateway.stop();
    await expect.poll(listeners).toBe(1);
  },
);
