export { openStore, type StoreOptions } from './sqlite-store.ts';
