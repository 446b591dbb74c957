import type { Sink } from '../ports.ts';
import { SinkDelivery, type SinkDeliveryOptions } from './sink-delivery.ts';

export interface DeliveryOptions extends Omit<SinkDeliveryOptions, 'sink'> {
  readonly sinks: readonly Sink[];
}

/** Delivers what the spool holds to every sink, each at its own pace: one that is away holds up no other. */
export class Delivery {
  readonly #deliveries: readonly SinkDelivery[];

  constructor({ sinks, ...options }: DeliveryOptions) {
    this.#deliveries = sinks.map((sink) => new SinkDelivery({ ...options, sink }));
  }

  start(): void {
    for (const delivery of this.#deliveries) delivery.start();
  }

  /** Lets the groups that are being delivered end. What is left stays in the spool. */
  async stop(): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop()));
  }
}
