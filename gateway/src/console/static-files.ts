import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

interface StaticFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  gzipped?: Buffer;
}

/** True where it answered. */
export type StaticFiles = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

function load(root: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const body = readFileSync(path);
    const url = `/${relative(root, path).split(sep).join('/')}`;
    // Vite puts the hash of the content into the names below assets/.
    const cache = url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    files.set(url === '/index.html' ? '/' : url, {
      body,
      headers: { 'content-type': type, 'cache-control': cache, etag, vary: 'accept-encoding' },
    });
  }
  return files;
}

const NOT_BUILT =
  'The console page is not built. Run `node scripts/setup.mjs --console` in the repository, then restart the gateway.\n';

/**
 * Serves the built page from memory. Only names that were there at the start are known, so no path leads out of `root`.
 * Without a built page every answer says how to get one.
 */
export function staticFiles(root: string): StaticFiles {
  let files: Map<string, StaticFile>;
  try {
    files = load(root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    files = new Map();
  }
  return (request, response, path) => {
    const file = files.get(path);
    if (file === undefined) {
      if (path !== '/') return false;
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end(NOT_BUILT);
      return true;
    }
    if (request.headers['if-none-match'] === file.headers.etag) {
      response.writeHead(304, file.headers).end();
      return true;
    }
    const gzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') && file.body.length > 1024;
    if (gzip) file.gzipped ??= gzipSync(file.body);
    const body = gzip ? file.gzipped! : file.body;
    const encoding = gzip ? { 'content-encoding': 'gzip' } : {};
    response.writeHead(200, { ...file.headers, ...encoding, 'content-length': String(body.length) });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  };
}
