// Makes .cache/venv: a Python environment with the peers that benches and interoperability tests run beside our code.
// Plain JavaScript that Node 20 runs; a second call finds nothing to do and takes milliseconds.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const requirements = join(root, 'test/bench/requirements.txt');
const venv = join(root, '.cache/venv');
const stamp = join(venv, '.odograph-setup');
const started = Date.now();

function stop(message) {
  process.stderr.write(`peers: ${message}\n`);
  process.exit(1);
}

/** Runs a command to its end, with a line every few seconds so that nobody wonders whether it hangs. */
function run(what, command, args) {
  process.stderr.write(`peers: ${what} …\n`);
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  const tick = setInterval(() => {
    process.stderr.write(`peers: ${what}, ${Math.round((Date.now() - started) / 1000)} s so far\n`);
  }, 5000);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message;
    });
    child.on('close', (code) => {
      clearInterval(tick);
      if (code === 0) return resolve();
      stop(`${what} failed: \`${command} ${args.join(' ')}\` ended with ${code}.\n${output.slice(-4000)}`);
    });
  });
}

const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0);

const python = spawnSync('python3', ['-c', 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])'], {
  encoding: 'utf8',
});
if (python.error)
  stop('there is no python3 on the path: install Python 3.11 or later (Debian: apt-get install python3 python3-venv)');
if (python.status !== 0)
  stop('this python3 cannot make environments: install its venv (Debian: apt-get install python3-venv)');
if (Number(python.stdout.trim().split('.')[1]) < 11)
  stop(
    `the peers need Python 3.11 or later, and python3 here is ${python.stdout.trim()}: put a newer one first on the path`,
  );

rmSync(venv, { recursive: true, force: true });
await run('making a Python environment in .cache/venv', 'python3', ['-m', 'venv', venv]);
await run('installing the peers from PyPI (once, about a minute)', join(venv, 'bin/python'), [
  '-m',
  'pip',
  'install',
  '--disable-pip-version-check',
  '--no-input',
  '-r',
  requirements,
]);
writeFileSync(stamp, wanted);
