import type { TLSSocket, TlsOptions } from 'node:tls';
import type { Identity } from './connect.ts';

/** PEM contents of a listener's TLS files. */
export interface TlsFiles {
  /** The CA that signs units: no other certificate is let in. */
  readonly ca: Buffer | string;
  readonly certificate: Buffer | string;
  readonly key: Buffer | string;
}

/** Mutual TLS 1.2 or 1.3. Sessions may be resumed by ticket for an hour: half the CPU when a fleet comes back at once. */
export function tlsOptions(files: TlsFiles, handshakeMs: number): TlsOptions {
  return {
    ca: files.ca,
    cert: files.certificate,
    key: files.key,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout: handshakeMs,
    sessionTimeout: 3600,
  };
}

/** Who a client is that has proved it: the one common name of its certificate. */
export function identityOf(socket: TLSSocket): Identity {
  const { subject } = socket.getPeerCertificate();
  // Several common names make an array: then nobody can say which one is meant.
  const name: unknown = subject?.CN;
  return { kind: 'certificate', name: typeof name === 'string' ? name : undefined };
}

/** A resumed session is not verified again: whether its certificate has run out since. `nowMs` is Unix ms. */
export function expiredSince(socket: TLSSocket, nowMs: number): boolean {
  const { valid_to: validTo } = socket.getPeerCertificate();
  return validTo !== undefined && Date.parse(validTo) < nowMs;
}

/** What to call a failed handshake in metrics, and in words with what to do about it. */
export function explainTlsFailure(
  error: Error & { code?: string },
  authorizationError: string | undefined,
): { readonly reason: string; readonly detail: string } {
  switch (authorizationError ?? error.code) {
    case 'CERT_HAS_EXPIRED':
      return { reason: 'tls-expired', detail: "the unit's certificate has expired: enrol it again" };
    case 'CERT_NOT_YET_VALID':
      return { reason: 'tls-not-yet-valid', detail: "the unit's certificate is not valid yet: check both clocks" };
    case 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE':
      return { reason: 'tls-no-certificate', detail: 'the client shows no certificate: enrol the unit' };
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return { reason: 'tls-timeout', detail: 'the TLS handshake took too long' };
    case 'ECONNRESET':
    case 'EPIPE':
      return { reason: 'tls-reset', detail: 'the client went away during the TLS handshake' };
  }
  if (authorizationError !== undefined)
    return {
      reason: 'tls-untrusted',
      detail: `the unit's certificate is not from the CA of this listener, or not for clients: ${authorizationError}`,
    };
  if (error.code?.startsWith('ERR_SSL_')) return { reason: 'tls-protocol', detail: `no TLS agreed: ${error.message}` };
  return { reason: 'tls-failed', detail: error.message };
}
