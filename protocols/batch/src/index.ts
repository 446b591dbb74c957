export { decodeControl, encodeControl } from './control.ts';
export { decodeBatch, decodeBody } from './decode.ts';
export { encodeBody } from './encode.ts';
export { embedSchema, readHead, sealBatch, verifyDigest } from './head.ts';
export { bytesOf, hexOf } from './hex.ts';
export { ENCODED_BYTES_MAX, INFLATED_BYTES_MAX, NAME_BYTES_MAX, ROWS_MAX, VALUES_MAX } from './limits.ts';
export { makeSchema, parseSchema } from './schema.ts';
export { decodeStatement, encodeStatement } from './statement.ts';
export * from './types.ts';
