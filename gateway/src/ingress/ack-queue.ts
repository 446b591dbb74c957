/** What a QoS 1 message is answered with. */
export interface Answer {
  /** Reason code of the PUBACK; SUCCESS or an error (0x80 and above). */
  readonly code: number;
  readonly reason?: string;
  /** Said on the control topic first, for clients that cannot hear it from a PUBACK. */
  readonly control?: Uint8Array;
}

interface Place {
  messageId: number;
  bytes: number;
  answer: Answer | undefined;
}

/**
 * The unanswered QoS 1 messages of one connection, in the order of their arrival: PUBACKs must leave in that order
 * [MQTT-4.6.0-2], whatever order the answers come in. Places are used again; a token names one message for ever.
 */
export class AckQueue {
  #places: Place[] = [];
  #first = 0;
  #next = 0;

  get length(): number {
    return this.#next - this.#first;
  }

  /** Adds a message; the token is for `settle`. */
  add(messageId: number, bytes: number): number {
    if (this.length === this.#places.length) this.#grow();
    const place = this.#place(this.#next);
    place.messageId = messageId;
    place.bytes = bytes;
    place.answer = undefined;
    return this.#next++;
  }

  /** Gives a message its answer. Returns its bytes; 0 where it was answered before. */
  settle(token: number, answer: Answer): number {
    if (token < this.#first || token >= this.#next) return 0;
    const place = this.#place(token);
    if (place.answer) return 0;
    place.answer = answer;
    return place.bytes;
  }

  /** The oldest message, if it has its answer; `shift` takes it out. */
  get ready(): { readonly messageId: number; readonly answer: Answer } | undefined {
    if (this.#first === this.#next) return undefined;
    const place = this.#place(this.#first);
    return place.answer ? (place as { messageId: number; answer: Answer }) : undefined;
  }

  shift(): void {
    this.#first++;
  }

  #place(token: number): Place {
    return this.#places[token % this.#places.length];
  }

  #grow(): void {
    const places: Place[] = [];
    const capacity = Math.max(4, 2 * this.#places.length);
    for (let i = 0; i < capacity; i++) places.push({ messageId: 0, bytes: 0, answer: undefined });
    for (let token = this.#first; token < this.#next; token++) places[token % capacity] = this.#place(token);
    this.#places = places;
  }
}
