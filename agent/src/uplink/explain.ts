import { X509Certificate } from 'node:crypto';

/** What a person can do about a connection that failed. */
export function explainError(address: string, error: Error & { code?: string | number }): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${address}: is the gateway running?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name in ${address} cannot be resolved: check gateway.address and the unit's DNS`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the certificate of ${address} is not from the CA in gateway.tls.ca: ${error.message}`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${address} has expired, or this unit's clock is wrong`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${address} is for another name: ${error.message}`;
    default:
      return `${address}: ${error.message}`;
  }
}

/**
 * What it means that a gateway closed the connection before it answered. Over TLS 1.3 the unit's side of the handshake is
 * over before the gateway has looked at its certificate, and one that is not trusted is refused without a word.
 * `certificate` is this unit's, PEM; undefined without TLS.
 */
export function explainSilence(address: string, certificate: Buffer | undefined, nowMs: number): string {
  const silence = `${address} closed the connection without an answer`;
  if (!certificate) return `${silence}: is it a gateway, and does it expect mqtts://?`;
  const { validToDate, validFromDate, issuer } = new X509Certificate(certificate);
  if (validToDate.getTime() < nowMs)
    return `${silence}: this unit's certificate expired on ${dayOf(validToDate)}, so enrol the unit again`;
  if (validFromDate.getTime() > nowMs)
    return `${silence}: this unit's certificate is valid from ${dayOf(validFromDate)} on; is this unit's clock right?`;
  return `${silence}, as it does where it does not trust a unit's certificate: ours is from ${issuer.replaceAll('\n', ', ')}; the gateway's log says more`;
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);
