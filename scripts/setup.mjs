// Brings what is missing before a script runs: the packages (Node 24 among them) and, with --console, the built web page.
// Plain JavaScript that Node 20 runs; a second call finds nothing to do and takes milliseconds.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const started = Date.now();

/** Runs a command to its end, with a line every few seconds so that nobody wonders whether it hangs. Resolves to its exit status and output. */
function attempt(what, command, args, env = {}) {
  process.stderr.write(`set-up: ${what} …\n`);
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    output += text;
  });
  const tick = setInterval(() => {
    process.stderr.write(`set-up: ${what}, ${Math.round((Date.now() - started) / 1000)} s so far\n`);
  }, 5000);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message;
    });
    child.on('close', (code) => {
      clearInterval(tick);
      resolve({ code, output });
    });
  });
}

/** A step that nothing works without: ends the process where it fails. */
async function run(what, command, args) {
  const { code, output } = await attempt(what, command, args);
  if (code === 0) return;
  process.stderr.write(
    `${output.slice(-4000)}\nset-up: ${what} failed: \`${command} ${args.join(' ')}\` ended with ${code}.\n`,
  );
  process.stderr.write('set-up: check that npm reaches its registry (`npm ping`), then run the same command again.\n');
  process.exit(1);
}

function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function filesBelow(folder) {
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules' && name !== 'dist')
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}

/** Does the work when the stamp does not hold the present hash of its inputs. */
async function once(stamp, inputs, work) {
  const wanted = hashOf(inputs);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/**
 * `npm ci` would refuse a lock file that was made where a registry lacks some other platform's optional packages. No package's
 * install script runs but the two below: the native ones bring what they need prebuilt, so no compiler is asked for.
 */
const INSTALL = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * The SocketCAN binding is compiled, and under Node 24 only: npm leaves it out where the host's Node is older. So npm runs
 * once more, itself under Node 24, with the headers of the `node` package in a place where npm does not tidy them away.
 * Where there is no compiler, CAN interfaces cannot be opened, and everything else works.
 */
async function buildCanBinding() {
  if (process.platform !== 'linux') return;
  const kit = join(root, `node_modules/node/node_modules/node-linux-${process.arch}`);
  const headers = join(root, 'node_modules/.node-headers');
  if (existsSync(join(kit, 'include'))) {
    mkdirSync(headers, { recursive: true });
    renameSync(join(kit, 'include'), join(headers, 'include'));
  }
  const env = {
    PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
    npm_config_nodedir: headers,
  };
  const install = await attempt('fetching the CAN interface binding', 'npm', INSTALL, env);
  const build = await attempt('compiling the CAN interface binding', 'npm', ['rebuild', 'socketcan'], env);
  rmSync(headers, { recursive: true, force: true });
  if (existsSync(join(root, 'node_modules/socketcan/build/Release/can.node'))) return;
  process.stderr.write(
    `${(install.output + build.output).slice(-1000)}\nset-up: the CAN interface binding could not be compiled: buses with ` +
      'driver socketcan will not open, everything else works. To have it, install g++, make and python3, delete ' +
      'node_modules/.odograph-setup and run this again.\n',
  );
}

await once(join(root, 'node_modules/.odograph-setup'), [join(root, 'package-lock.json')], async () => {
  await run('installing packages from the npm registry (once, under a minute)', 'npm', INSTALL);
  await run('bringing Node 24', 'npm', ['rebuild', 'node', '--loglevel=error']);
  await buildCanBinding();
});
if (process.argv.includes('--console')) {
  const page = join(root, 'gateway/console');
  await once(join(page, 'dist/.odograph-setup'), [join(root, 'package-lock.json'), ...filesBelow(page)], () =>
    run('building the console page', join(root, 'node_modules/.bin/vite'), ['build', '--logLevel', 'warn', page]),
  );
}
