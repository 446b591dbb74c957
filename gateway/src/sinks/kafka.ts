import { hexOf, type Statement } from '@iot/batch';
import type { Logger } from '@iot/host';
import { type ConnectionOptions, type MessageToProduce, ProduceAcks, Producer } from '@platformatic/kafka';
import type { Sink, SpoolEntry } from '../ports.ts';

export interface KafkaSinkOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Self-contained batches; key = vehicle, identity and digest as headers. */
  readonly topic: string;
  /** Statements as units made them; key = unit. */
  readonly statementsTopic: string;
  readonly compression: 'none' | 'gzip' | 'lz4' | 'zstd';
  readonly tls: ConnectionOptions['tls'];
  readonly sasl: ConnectionOptions['sasl'];
  readonly log: Logger;
}

type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

/**
 * Produces to Kafka with acks=all and idempotence. One send is in flight at a time: it keeps the order within a
 * partition whatever fails. After a failure the producer is made anew: its sequence numbers may be out of step with the
 * broker's, and the repeat carries the same identities, which consumers take once.
 */
export class KafkaSink implements Sink {
  readonly name = 'kafka';
  readonly #options: KafkaSinkOptions;
  #producer: Producer<Buffer, Buffer, Buffer, Buffer> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #down: string | undefined;
  #closed = false;

  constructor(options: KafkaSinkOptions) {
    this.#options = options;
  }

  deliver(entries: readonly SpoolEntry[]): Promise<void> {
    return this.#inTurn(entries.map((entry) => this.#message(entry)));
  }

  deliverStatement(unit: string, _statement: Statement, bytes: Uint8Array): Promise<void> {
    return this.#inTurn([{ topic: this.#options.statementsTopic, key: Buffer.from(unit), value: bufferOf(bytes) }]);
  }

  health() {
    return this.#down === undefined ? ({ state: 'up' } as const) : ({ state: 'down', detail: this.#down } as const);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn.catch(() => {});
    await this.#discard();
  }

  #inTurn(messages: Message[]): Promise<void> {
    const mine = this.#turn.then(() => this.#send(messages));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #send(messages: Message[]): Promise<void> {
    if (this.#closed) throw new Error('the Kafka sink is closed');
    this.#producer ??= this.#connect();
    try {
      await this.#producer.send({
        messages,
        acks: ProduceAcks.ALL,
        idempotent: true,
        compression: this.#options.compression,
      });
      this.#down = undefined;
    } catch (error) {
      this.#down = `Kafka at ${this.#options.brokers.join(', ')} does not take batches: ${rootCause(error)}`;
      await this.#discard();
      throw new Error(this.#down, { cause: error });
    }
  }

  #connect(): Producer<Buffer, Buffer, Buffer, Buffer> {
    const { brokers, clientId, tls, sasl } = this.#options;
    return new Producer({
      clientId,
      bootstrapBrokers: [...brokers],
      idempotent: true,
      acks: ProduceAcks.ALL,
      autocreateTopics: true,
      // Retrying is delivery's business: it has the back-off, the metric and the say in which entries come first.
      retries: 2,
      retryDelay: 200,
      connectTimeout: 5_000,
      requestTimeout: 15_000,
      ...(tls && { tls }),
      ...(sasl && { sasl }),
    });
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    // What it still owed was counted as failed already; a close that fails leaves nothing to do.
    await producer?.close(true).catch((error: unknown) => this.#options.log.debug(error, 'closing a Kafka producer'));
  }

  #message({ head, bytes }: SpoolEntry): Message {
    const headers = new Map(
      Object.entries({
        unit: head.unit,
        epoch: hexOf(head.epoch),
        seq: String(head.seq),
        digest: head.digest,
        lane: head.lane,
      }).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
    );
    return { topic: this.#options.topic, key: Buffer.from(head.vehicle), value: bufferOf(bytes), headers };
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The innermost message of an aggregate: "ECONNREFUSED 127.0.0.1:9092" says more than "multiple errors". */
function rootCause(error: unknown): string {
  const { errors, cause, message } = error as { errors?: unknown[]; cause?: unknown; message: string };
  if (errors && errors.length > 0) return rootCause(errors[0]);
  return cause ? rootCause(cause) : message;
}
