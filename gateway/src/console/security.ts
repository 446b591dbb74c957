import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { HttpError } from './errors.ts';

/** Origin of a tile address such as `https://tiles.example/{z}/{x}/{y}.png`; undefined for one on this server. */
export function tileOrigin(tileUrl: string | undefined): string | undefined {
  if (tileUrl === undefined || !/^https?:/.test(tileUrl)) return undefined;
  return new URL(tileUrl).origin;
}

/** Headers of every answer. Styles and scripts come from files only; MapLibre's worker is such a file. */
export function securityHeaders(tileUrl: string | undefined): Record<string, string> {
  const origin = tileOrigin(tileUrl);
  const tiles = origin === undefined ? '' : ` ${origin}`;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data: blob:${tiles}`,
    `connect-src 'self'${tiles}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}

function hostName(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}

/**
 * A web page elsewhere can point its own name at this machine (DNS rebinding) and would then count as same-origin. So a
 * console on loopback answers to addresses, `localhost` and the names it was given, and to no other.
 */
export function checkHost(host: string | undefined, names: readonly string[]): void {
  const name = hostName(host ?? '');
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || names.includes(name)) return;
  throw new HttpError(
    421,
    'host-unknown',
    `this console does not answer to the name \`${name}\`: open it as localhost, or add the name to console.names`,
  );
}

/** A request that changes something must come from this page: browsers tell by Origin and Sec-Fetch-Site, which a page cannot forge. */
export function checkSameOrigin(request: IncomingMessage): void {
  const type = request.headers['content-type']?.split(';')[0].trim();
  if (type !== 'application/json')
    throw new HttpError(415, 'content-type', 'send the body as `content-type: application/json`');
  const site = request.headers['sec-fetch-site'];
  const { origin, host } = request.headers;
  const foreignSite = site !== undefined && site !== 'same-origin';
  const foreignOrigin = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
  if (foreignSite || foreignOrigin)
    throw new HttpError(
      403,
      'cross-origin',
      'only the console page itself may do this: open the console and use its switch',
    );
}
