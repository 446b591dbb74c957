// Brings what the Kafka tests need into .cache: the broker's jars from Maven. Says what must be installed by hand.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pom = join(root, 'test/stack/kafka/pom.xml');
const lib = join(root, '.cache/kafka/lib');
const stamp = join(root, '.cache/kafka/.odograph-setup');

const tools = [
  ['java', ['-version'], 'a Java runtime, 17 or later (Debian: apt-get install openjdk-17-jre-headless)'],
  ['mvn', ['-v'], 'Maven (Debian: apt-get install maven)'],
  ['kcat', ['-V'], 'kcat, the consumer that reads back (Debian: apt-get install kcat)'],
];
const missing = tools.filter(([command, args]) => spawnSync(command, args, { stdio: 'ignore' }).error !== undefined);
for (const [command, , what] of missing)
  process.stderr.write(`stack: there is no ${command} on the path: install ${what}\n`);
if (missing.length > 0) process.exit(1);

const wanted = createHash('sha256').update(readFileSync(pom)).digest('hex');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0);
process.stderr.write('stack: fetching Kafka 4.3.1 from Maven (once, about 55 MB) …\n');
mkdirSync(lib, { recursive: true });
const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`];
const { status } = spawnSync('mvn', args, { stdio: ['ignore', 'inherit', 'inherit'] });
if (status !== 0) {
  process.stderr.write(
    'stack: Maven could not fetch the broker; its message above says why. Run the same command again.\n',
  );
  process.exit(1);
}
writeFileSync(stamp, wanted);
