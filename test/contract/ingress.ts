import type { Acceptor, Ingress, MessageKind, Verdict } from '@iot/gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What a unit hears about a message it published; `closed`: the connection ended without an answer. */
export type Heard = 'accepted' | 'refused' | 'conflict' | 'schema-unknown' | 'later' | 'closed';

/** A unit's end of the protocol under test. */
export interface UnitClient {
  publish(kind: MessageKind, payload: Uint8Array): Promise<Heard>;
  /** Control messages so far. */
  readonly controls: readonly Uint8Array[];
  /** Resolves with the next control message. */
  nextControl(): Promise<Uint8Array>;
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

export interface IngressUnderTest {
  /** What a refusal sounds like: MQTT 3.1.1 cannot say it, and dead-letters and accepts instead. */
  readonly saysRefusals: boolean;
  create(acceptor: Acceptor): Ingress;
  /** Connects and subscribes to the control topic. */
  connect(address: string, unit: string): Promise<UnitClient>;
}

export interface Asked {
  readonly kind: MessageKind;
  readonly unit: string;
  readonly payload: string;
  readonly answer: (verdict: Verdict) => void;
}

/** An acceptor that writes down what it is asked, and answers when the test says so, or at once with `verdict`. */
export class ScriptedAcceptor implements Acceptor {
  readonly asked: Asked[] = [];
  readonly deadLetters: string[] = [];
  readonly links: string[] = [];
  verdict: Verdict | undefined = { kind: 'accepted', duplicate: false };
  #waiters: { count: number; resolve: () => void }[] = [];

  accept(kind: MessageKind, unit: string, payload: Uint8Array): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.asked.push({ kind, unit, payload: Buffer.from(payload).toString(), answer: resolve });
    if (this.verdict) resolve(this.verdict);
    this.#waiters = this.#waiters.filter(({ count, resolve: done }) => {
      if (this.asked.length < count) return true;
      done();
      return false;
    });
    return promise;
  }

  async deadLetter(_kind: MessageKind, unit: string, payload: Uint8Array, detail: string): Promise<void> {
    this.deadLetters.push(`${unit}: ${Buffer.from(payload)}: ${detail}`);
  }

  connected(unit: string): void {
    this.links.push(`+${unit}`);
  }

  disconnected(unit: string): void {
    this.links.push(`-${unit}`);
  }

  /** Resolves when `accept` has been called this many times. */
  whenAsked(count: number): Promise<void> {
    if (this.asked.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }
}

/** What every ingress must do, whatever its protocol. */
export function ingressContract(name: string, underTest: IngressUnderTest): void {
  describe(`ingress contract: ${name}`, () => {
    let acceptor: ScriptedAcceptor;
    let ingress: Ingress;
    let address: string;
    let clients: UnitClient[];

    const connect = async (unit: string): Promise<UnitClient> => {
      const client = await underTest.connect(address, unit);
      clients.push(client);
      return client;
    };

    beforeEach(async () => {
      clients = [];
      acceptor = new ScriptedAcceptor();
      ingress = underTest.create(acceptor);
      address = (await ingress.listen()).addresses[0];
    });

    afterEach(async () => {
      await Promise.all(clients.map((client) => client.close()));
      await ingress.close(0);
    });

    it('hands messages to the acceptor with the unit that sent them', async () => {
      const unit = await connect('u1');
      for (const kind of ['batch', 'schema', 'statement'] as const)
        expect(await unit.publish(kind, Buffer.from(`a ${kind}`))).toBe('accepted');
      expect(acceptor.asked.map(({ kind, unit: from, payload }) => [kind, from, payload])).toEqual([
        ['batch', 'u1', 'a batch'],
        ['schema', 'u1', 'a schema'],
        ['statement', 'u1', 'a statement'],
      ]);
    });

    it('does not acknowledge before the acceptor has answered', async () => {
      acceptor.verdict = undefined;
      const unit = await connect('u1');
      let heard: Heard | undefined;
      const answer = unit.publish('batch', Buffer.from('b')).then((said) => {
        heard = said;
        return said;
      });
      await acceptor.whenAsked(1);
      // Anything on the way to the client would overtake this round trip.
      ingress.control('u1', Buffer.from('ping'));
      await unit.nextControl();
      expect(heard).toBeUndefined();
      acceptor.asked[0].answer({ kind: 'accepted', duplicate: false });
      expect(await answer).toBe('accepted');
    });

    it('passes verdicts on in the order of the messages', async () => {
      acceptor.verdict = undefined;
      const unit = await connect('u1');
      const order: number[] = [];
      const answers = [0, 1, 2, 3].map((i) => unit.publish('batch', Buffer.from([i])).then(() => order.push(i)));
      await acceptor.whenAsked(4);
      for (const i of [3, 1, 2, 0]) acceptor.asked[i].answer({ kind: 'accepted', duplicate: false });
      await Promise.all(answers);
      expect(order).toEqual([0, 1, 2, 3]);
    });

    it('a refusal for good is said, or kept in the dead-letter queue', async () => {
      acceptor.verdict = { kind: 'refused', detail: 'no batch at all' };
      const unit = await connect('u1');
      const heard = await unit.publish('batch', Buffer.from('noise'));
      expect(heard).toBe(underTest.saysRefusals ? 'refused' : 'accepted');
      expect(acceptor.deadLetters).toEqual(underTest.saysRefusals ? [] : ['u1: noise: no batch at all']);
    });

    it.each([
      { kind: 'conflict' },
      { kind: 'schema-unknown', hash: '0011223344556677' },
      { kind: 'later', detail: 'the spool is full' },
    ] as const)('never acknowledges on $kind', async (verdict) => {
      acceptor.verdict = verdict;
      const unit = await connect('u1');
      expect(await unit.publish('batch', Buffer.from('b'))).toBe(underTest.saysRefusals ? verdict.kind : 'closed');
    });

    it('a failing acceptor is "not now", never an acknowledgement', async () => {
      acceptor.accept = () => Promise.reject(new Error('disk on fire'));
      const unit = await connect('u1');
      expect(await unit.publish('batch', Buffer.from('b'))).toBe(underTest.saysRefusals ? 'later' : 'closed');
    });

    it('reaches a unit on its control topic, and says where it cannot', async () => {
      const unit = await connect('u1');
      expect(ingress.control('u2', Buffer.from('x'))).toBe(false);
      expect(ingress.control('u1', Buffer.from('hello'))).toBe(true);
      expect(Buffer.from(await unit.nextControl()).toString()).toBe('hello');
    });

    it('a second connection of a unit ends the first; its answers do not go to the second', async () => {
      acceptor.verdict = undefined;
      const first = await connect('u1');
      const lost = first.publish('batch', Buffer.from('first'));
      await acceptor.whenAsked(1);
      const second = await connect('u1');
      await first.closed;
      expect(await lost).toBe('closed');
      acceptor.asked[0].answer({ kind: 'accepted', duplicate: false });
      const answered = second.publish('batch', Buffer.from('second'));
      await acceptor.whenAsked(2);
      acceptor.asked[1].answer({ kind: 'conflict' });
      expect(await answered).toBe(underTest.saysRefusals ? 'conflict' : 'closed');
      expect(acceptor.links.slice(0, 3)).toEqual(['+u1', '-u1', '+u1']);
    });

    it('close waits for the answers that are under way, and tells them', async () => {
      acceptor.verdict = undefined;
      const unit = await connect('u1');
      const answers = [1, 2, 3].map((i) => unit.publish('batch', Buffer.from([i])));
      await acceptor.whenAsked(3);
      const closed = ingress.close(60_000);
      for (const { answer } of acceptor.asked) answer({ kind: 'accepted', duplicate: false });
      expect(await Promise.all(answers)).toEqual(['accepted', 'accepted', 'accepted']);
      await unit.closed;
      await closed;
      expect(acceptor.links).toEqual(['+u1', '-u1']);
    });

    it('close gives up after its grace, and acknowledges nothing', async () => {
      acceptor.verdict = undefined;
      const unit = await connect('u1');
      const answer = unit.publish('batch', Buffer.from('b'));
      await acceptor.whenAsked(1);
      await ingress.close(0);
      expect(await answer).toBe('closed');
    });

    it('nobody gets in after close', async () => {
      await ingress.close(0);
      await expect(underTest.connect(address, 'u1')).rejects.toThrow();
    });
  });
}
