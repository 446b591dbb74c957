// Brings what is missing before a script runs: the packages (Node 24 among them) and, with --console, the built web page.
// Plain JavaScript that Node 20 runs; a second call finds nothing to do and takes milliseconds.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const started = Date.now();

/** Runs a command to its end, with a line every few seconds so that nobody wonders whether it hangs. */
function run(what, command, args) {
  process.stderr.write(`set-up: ${what} …\n`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
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
      if (code === 0) return resolve();
      process.stderr.write(
        `${output.slice(-4000)}\nset-up: ${what} failed: \`${command} ${args.join(' ')}\` ended with ${code}.\n`,
      );
      process.stderr.write(
        'set-up: check that npm reaches its registry (`npm ping`), then run the same command again.\n',
      );
      process.exit(1);
    });
  });
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

await once(join(root, 'node_modules/.odograph-setup'), [join(root, 'package-lock.json')], () =>
  run('installing packages from the npm registry (once, about a minute)', 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]),
);
if (process.argv.includes('--console')) {
  const page = join(root, 'gateway/console');
  await once(join(page, 'dist/.odograph-setup'), [join(root, 'package-lock.json'), ...filesBelow(page)], () =>
    run('building the console page', join(root, 'node_modules/.bin/vite'), ['build', '--logLevel', 'warn', page]),
  );
}
