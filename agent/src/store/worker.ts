import { randomBytes } from 'node:crypto';
import { handOver, serveWorker } from '@iot/host/worker';
import type { Offer } from '../ports.ts';
import { StoreEngine } from './engine.ts';
import type { StoreOptions } from './open.ts';

/** Methods of the engine that the store's client calls. */
export type EngineMethod = Exclude<keyof StoreEngine, 'epoch' | 'offer'>;

let engine: StoreEngine | undefined;

function opened(): StoreEngine {
  if (!engine) throw new Error('the store is not open');
  return engine;
}

/** Every answer carries the epoch, which any call may change. */
const api = {
  open(options: StoreOptions): { readonly epoch: string } {
    engine = new StoreEngine(options, randomBytes);
    return { epoch: engine.epoch };
  },

  run<M extends EngineMethod>(
    method: M,
    args: Parameters<StoreEngine[M]>,
  ): { readonly epoch: string; readonly value: ReturnType<StoreEngine[M]> } {
    const store = opened();
    const bound = store[method].bind(store) as (...values: unknown[]) => ReturnType<StoreEngine[M]>;
    const value = bound(...args);
    return { epoch: method === 'close' ? '' : store.epoch, value };
  },

  offer(request: Parameters<StoreEngine['offer']>[0]): { readonly epoch: string; readonly value: readonly Offer[] } {
    const value = opened()
      .offer(request)
      .map((offer) => ({ ...offer, bytes: offer.bytes.slice() }));
    const answer = { epoch: opened().epoch, value };
    return handOver(
      answer,
      value.map((offer) => offer.bytes.buffer),
    );
  },
};

export type StoreWorkerApi = typeof api;

serveWorker(api);
