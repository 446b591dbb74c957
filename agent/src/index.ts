export type { NewBatch, Offer, Store, StoreDepth, StoreNotice } from './ports.ts';
export { openStore, type StoreOptions } from './store/sqlite-store.ts';
