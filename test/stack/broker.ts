import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';

const LIB = resolve(import.meta.dirname, '../../.cache/kafka/lib');
const JAVA = [
  '-Xms128m',
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-cp',
  `${LIB}/*`,
];

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** One real Kafka node (KRaft, broker and controller in one) on loopback, as a process that can be killed and started again. */
export class Broker {
  readonly port: number;
  readonly #controllerPort: number;
  readonly #directory: string;
  #process: ChildProcess | undefined;

  private constructor(directory: string, port: number, controllerPort: number) {
    this.#directory = directory;
    this.port = port;
    this.#controllerPort = controllerPort;
  }

  static async create(directory: string): Promise<Broker> {
    return new Broker(directory, await freePort(), await freePort());
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Formats the log directory the first time; resolves when the broker takes connections. */
  async start(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true });
    const properties = join(this.#directory, 'server.properties');
    writeFileSync(properties, this.#properties());
    if (!existsSync(join(this.#directory, 'data/meta.properties'))) {
      const id = Buffer.from('odograph-test-01').toString('base64url');
      java(['kafka.tools.StorageTool', 'format', '-t', id, '-c', properties]);
    }
    const log = createWriteStream(join(this.#directory, 'broker.log'), { flags: 'a' });
    const child = spawn('java', [...JAVA, 'kafka.Kafka', properties], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#process = child;
    await this.#untilReady(child);
  }

  /** `SIGKILL`: no last word to anyone. Resolves when the process is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await gone;
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    for (;;) {
      if (child.exitCode !== null) {
        throw new Error(
          `Kafka ended with ${child.exitCode}:\n${readFileSync(join(this.#directory, 'broker.log'), 'utf8').slice(-2000)}`,
        );
      }
      if (await canConnect(this.port)) return;
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  #properties(): string {
    return Object.entries({
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@127.0.0.1:${this.#controllerPort}`,
      listeners: `PLAINTEXT://127.0.0.1:${this.port},CONTROLLER://127.0.0.1:${this.#controllerPort}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${this.port}`,
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'PLAINTEXT',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'log.dirs': join(this.#directory, 'data'),
      'num.partitions': 3,
      'default.replication.factor': 1,
      'offsets.topic.replication.factor': 1,
      'offsets.topic.num.partitions': 5,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'transaction.state.log.num.partitions': 5,
      'group.initial.rebalance.delay.ms': 0,
    })
      .map(([key, value]) => `${key}=${value}\n`)
      .join('');
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

/** Runs one of Kafka's own tools to its end. */
export function java(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('java', [...JAVA, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stderr.slice(-2000)}`);
  return stdout;
}

/** Everything that a topic holds, read by kcat, a consumer that is none of ours: the values, in order by partition. */
export function readTopic(
  address: string,
  topic: string,
): { key: string; headers: Record<string, string>; value: Buffer }[] {
  // Values are binary: kcat's format gives their length, then the bytes.
  const format = '%k|%h|%S|%s\n';
  const args = [
    '-b',
    address,
    '-C',
    '-t',
    topic,
    '-o',
    'beginning',
    '-e',
    '-q',
    '-X',
    'isolation.level=read_committed',
    '-f',
    format,
  ];
  const { status, stdout, stderr } = spawnSync('kcat', args, { maxBuffer: 1024 ** 3 });
  if (status !== 0) throw new Error(`kcat ended with ${status}: ${stderr}`);
  return [...parseRecords(stdout)];
}

function* parseRecords(bytes: Buffer) {
  let at = 0;
  const field = (): string => {
    const end = bytes.indexOf(0x7c, at);
    const text = bytes.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  while (at < bytes.length) {
    const key = field();
    const headers = Object.fromEntries(
      field()
        .split(',')
        .map((pair) => pair.split('=') as [string, string]),
    );
    const length = Number(field());
    yield { key, headers, value: bytes.subarray(at, at + length) };
    at += length + 1;
  }
}
