import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** A log that cannot be read: which, why, and what to do. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code = 'agent/log';
}

/** Streams a file's bytes, gunzipped where it begins like gzip (RFC 1952 §2.3.1), whatever its name. @throws LogError */
export async function readLog(file: string, onBytes: (bytes: Uint8Array) => void | Promise<void>): Promise<void> {
  const sink = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) await onBytes(chunk);
  };
  try {
    // Opened first: a stream that nobody listens to yet would throw its error past everyone.
    const gzip = isGzip(file);
    const source = createReadStream(file, { highWaterMark: 64 * 1024 });
    if (gzip) await pipeline(source, createGunzip({ chunkSize: 64 * 1024 }), sink);
    else await pipeline(source, sink);
  } catch (error) {
    throw explain(file, error as NodeJS.ErrnoException);
  }
}

function isGzip(file: string): boolean {
  const descriptor = openSync(file, 'r');
  try {
    const magic = Buffer.alloc(2);
    return readSync(descriptor, magic) === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    closeSync(descriptor);
  }
}

function explain(file: string, error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case 'ENOENT':
      return new LogError(`${file}: there is no such file; check the path`);
    case 'EISDIR':
      return new LogError(`${file}: is a directory; name a candump file`);
    case 'EACCES':
      return new LogError(`${file}: may not be read by this user; check its permissions`);
    case 'Z_BUF_ERROR':
      return new LogError(`${file}: the gzip file ends too early: it was cut; what came before was read`);
    case 'Z_DATA_ERROR':
      return new LogError(
        `${file}: the gzip data is damaged from here on: ${error.message}; what came before was read`,
      );
    default:
      return error;
  }
}
