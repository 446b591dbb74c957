import { join } from 'node:path';
import { createSystemClock, openStore, parseAgentConfig, startAgent } from '@iot/agent';
import { createLogger } from '@iot/host';

/**
 * Run as a process of its own by bench:agent, in plain JavaScript on the built packages, as they are shipped: an agent on four buses at 80 % of 500 kbit/s, replayed at their own pace,
 * while every commit of its store stalls. `agent-load.ts FOLDER STALL_MS`; the folder is from `writeLoad`. Prints one JSON object.
 */

const STALL_MS = Number(process.argv[3] ?? 300);
const folder = process.argv[2];

/** A store whose every commit takes longer. */
function stalling(store) {
  return new Proxy(store, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'commit') return value.bind(target);
      return async (...args) => {
        await new Promise((done) => setTimeout(done, STALL_MS));
        return target.commit(...args);
      };
    },
  });
}

const buses = Array.from({ length: 4 }, (_, i) => ({
  name: `can${i}`,
  driver: 'replay',
  file: 'load.log',
  interface: `can${i}`,
  speed: 1,
  stamp: 'now',
  dbc: ['load.dbc'],
}));
const config = await parseAgentConfig(
  JSON.stringify({ unit: 'bench', vehicle: 'bench', dataDir: join(folder, 'data'), buses }),
  'bench',
);
const cpuBefore = process.cpuUsage();
const agent = await startAgent({
  config,
  configFile: join(folder, 'agent.yaml'),
  machineId: 'bench',
  clock: createSystemClock(),
  random: Math.random,
  log: createLogger('bench', 'warn'),
  openStore: async (options) => stalling(await openStore(options)),
});
let rssBytesMax = 0;
const sampler = setInterval(() => {
  rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss());
}, 100);
await agent.ended;
const { collected, buses: seen } = await agent.status();
clearInterval(sampler);
const cpu = process.cpuUsage(cpuBefore);
await agent.stop();
const sum = (key) => seen.reduce((total, bus) => total + bus[key], 0);
process.stdout.write(
  JSON.stringify({
    stallMs: STALL_MS,
    received: sum('received'),
    overflowed: sum('overflowed'),
    readings: collected.readings,
    droppedReadings: collected.droppedReadings,
    rssBytesMax,
    cpuMicros: cpu.user + cpu.system,
  }),
);
