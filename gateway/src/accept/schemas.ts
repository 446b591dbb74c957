import { parseSchema, type Schema } from '@iot/batch';

export interface SchemaCacheOptions {
  /** The stored bytes of a schema, where it was ever sent here. */
  readonly load: (hash: string) => Promise<Uint8Array | undefined>;
  /** Encoded bytes of the schemas kept parsed; the one used longest ago goes first. */
  readonly bytesMax: number;
}

/** Parsed schemas by hash, over the stored ones. */
export class SchemaCache {
  readonly #options: SchemaCacheOptions;
  /** In order of use. */
  readonly #schemas = new Map<string, Schema>();
  readonly #loading = new Map<string, Promise<Schema | undefined>>();
  #bytes = 0;

  constructor(options: SchemaCacheOptions) {
    this.#options = options;
  }

  /** At once, where it is in memory. */
  peek(hash: string): Schema | undefined {
    const schema = this.#schemas.get(hash);
    if (!schema) return undefined;
    this.#schemas.delete(hash);
    this.#schemas.set(hash, schema);
    return schema;
  }

  async find(hash: string): Promise<Schema | undefined> {
    const known = this.peek(hash);
    if (known) return known;
    const loading = this.#loading.get(hash) ?? this.#load(hash).finally(() => this.#loading.delete(hash));
    this.#loading.set(hash, loading);
    return loading;
  }

  /** Takes a schema that owns its bytes. */
  add(schema: Schema): void {
    if (this.peek(schema.hash)) return;
    this.#schemas.set(schema.hash, schema);
    this.#bytes += schema.bytes.length;
    for (const [hash, { bytes }] of this.#schemas) {
      if (this.#bytes <= this.#options.bytesMax || hash === schema.hash) break;
      this.#schemas.delete(hash);
      this.#bytes -= bytes.length;
    }
  }

  async #load(hash: string): Promise<Schema | undefined> {
    const bytes = await this.#options.load(hash);
    if (!bytes) return undefined;
    const schema = parseSchema(bytes);
    this.add(schema);
    return schema;
  }
}
