import { simulatedFleet } from './console-data.ts';
import { startSimulatedConsole } from './console-server.ts';

/**
 * The console on a simulated fleet, to work on the page: `vite build --watch gateway/console` in one terminal, then
 * `node --conditions=source test/sim/console-dev.ts [PORT] [VEHICLES]` in another (start it again after a build).
 */
const [port = '8090', vehicles = '2'] = process.argv.slice(2);
const fleet = simulatedFleet({
  seed: 7,
  nowMs: Date.now,
  vehicles: Number(vehicles),
  outage: { beforeMs: 480_000, lengthMs: 240_000 },
});
fleet.advance();
const running = await startSimulatedConsole(fleet, { nowMs: Date.now, port: Number(port) });
const timer = setInterval(() => fleet.advance(), 250);
process.stdout.write(`console on ${running.url} with ${vehicles} simulated vehicles; Ctrl-C ends it\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    clearInterval(timer);
    running.close().then(() => process.exit(0));
  });
