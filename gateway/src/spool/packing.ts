import type { Write } from './writes.ts';

/** Items whose bytes lie in one buffer, so that a message to another thread moves it instead of copying many. */
export interface Packed<Item = unknown> {
  readonly items: readonly Item[];
  /** Length of each item's bytes; -1 where it has none. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array;
}

export function pack<Item extends { readonly bytes?: Uint8Array }>(
  items: readonly Item[],
): Packed<Omit<Item, 'bytes'>> {
  const lengths = items.map(({ bytes }) => bytes?.length ?? -1);
  const joined = new Uint8Array(lengths.reduce((sum, length) => sum + Math.max(0, length), 0));
  let at = 0;
  const rest = items.map(({ bytes, ...item }) => {
    if (bytes) {
      joined.set(bytes, at);
      at += bytes.length;
    }
    return item;
  });
  return { items: rest, lengths, bytes: joined };
}

/** The items with their bytes as views into the one buffer. */
export function unpack<Item extends { readonly bytes?: Uint8Array }>(packed: Packed<Omit<Item, 'bytes'>>): Item[] {
  let at = 0;
  return packed.items.map((item, i) => {
    const length = packed.lengths[i];
    if (length < 0) return item as Item;
    at += length;
    return { ...item, bytes: packed.bytes.subarray(at - length, at) } as unknown as Item;
  });
}

export function packWrites(writes: readonly Write[]): Packed {
  return pack(writes as readonly (Write & { readonly bytes?: Uint8Array })[]);
}

export function unpackWrites(packed: Packed): Write[] {
  return unpack<{ readonly bytes?: Uint8Array }>(packed as Packed<object>) as Write[];
}
