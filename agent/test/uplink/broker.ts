import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import { onTestFinished } from 'vitest';

type Publish = Extract<Packet, { cmd: 'publish' }>;

/** How a broker answers a publish: a reason code of MQTT 5 §3.4.2.1 and its reason string, or not at all. */
export type Answer = { readonly reasonCode: number; readonly reasonString?: string } | 'silence';

export interface Broker {
  readonly address: string;
  readonly published: Publish[];
  /** Packets that are no publish, by their names: `connect`, `subscribe`, … */
  readonly heard: string[];
  answer: Answer;
  /** Resolves once so many messages were published. */
  heardPublishes(count: number): Promise<void>;
  publish(topic: string, payload: Uint8Array): void;
  /** Ends every connection without a word. */
  cut(): void;
}

/** What a test sets of the CONNACK. */
export type Connack = Partial<Extract<Packet, { cmd: 'connack' }>>;

/** The least of an MQTT 5 server, on an ephemeral port of this machine, until the test ends. */
export async function startBroker(connack: Connack = {}): Promise<Broker> {
  const sockets = new Set<Socket>();
  const waiters: { count: number; resolve: () => void }[] = [];
  const send = (socket: Socket, packet: Packet) => socket.write(generate(packet, { protocolVersion: 5 }));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    const packets = parser({ protocolVersion: 5 });
    packets.on('packet', (packet: Packet) => receive(socket, packet));
    socket.on('data', (bytes) => packets.parse(bytes));
  });

  function receive(socket: Socket, packet: Packet): void {
    if (packet.cmd === 'publish') {
      broker.published.push(packet);
      if (broker.answer !== 'silence') {
        const { reasonCode, reasonString } = broker.answer;
        const properties = reasonString === undefined ? {} : { properties: { reasonString } };
        send(socket, { cmd: 'puback', messageId: packet.messageId, reasonCode, ...properties });
      }
      for (const { count, resolve } of waiters) if (broker.published.length >= count) resolve();
      return;
    }
    broker.heard.push(packet.cmd);
    if (packet.cmd === 'connect') send(socket, { cmd: 'connack', reasonCode: 0, sessionPresent: false, ...connack });
    if (packet.cmd === 'subscribe') send(socket, { cmd: 'suback', messageId: packet.messageId, granted: [1] });
  }

  const broker: Broker = {
    address: '',
    published: [],
    heard: [],
    answer: { reasonCode: 0 },
    heardPublishes(count) {
      return new Promise((resolve) => {
        if (broker.published.length >= count) resolve();
        else waiters.push({ count, resolve });
      });
    },
    publish(topic, payload) {
      for (const socket of sockets)
        send(socket, { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, dup: false, retain: false });
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    broker.cut();
    server.close();
  });
  return Object.assign(broker, { address: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
