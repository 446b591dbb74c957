// The certificate library's container asks for this polyfill before it is loaded.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Unix ms. */
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** A certificate authority for tests: signs a gateway's certificate and units' certificates, ECDSA P-256 throughout. */
export class TestAuthority {
  readonly certificate: string;
  readonly #issuer: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;
  #serial = 1;

  private constructor(issuer: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.certificate = issuer.toString('pem');
    this.#issuer = issuer;
    this.#keys = keys;
  }

  static async create(name = 'Odograph test CA'): Promise<TestAuthority> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: `CN=${name}`,
      ...validity({}),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    return new TestAuthority(certificate, keys);
  }

  /** For a gateway on this machine: 127.0.0.1, ::1 and localhost. */
  server(options: CertificateOptions = {}): Promise<KeyPair> {
    const names = new x509.SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]);
    return this.#sign('CN=localhost', x509.ExtendedKeyUsage.serverAuth, [names], options);
  }

  /** For a unit: its common name is the unit. */
  client(unit: string, options: CertificateOptions = {}): Promise<KeyPair> {
    return this.#sign(`CN=${unit}`, x509.ExtendedKeyUsage.clientAuth, [], options);
  }

  async #sign(
    subject: string,
    usage: x509.ExtendedKeyUsage,
    extensions: x509.Extension[],
    options: CertificateOptions,
  ): Promise<KeyPair> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: (++this.#serial).toString(16).padStart(4, '0'),
      subject,
      issuer: this.#issuer.subject,
      ...validity(options),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        ...extensions,
      ],
    });
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
  }
}

export interface CertificateFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Writes `ca.pem`, `NAME.pem` and `NAME.key.pem` into a directory, and returns their paths. */
export function writeCertificates(
  directory: string,
  authority: TestAuthority,
  name: string,
  { certificate, key }: KeyPair,
): CertificateFiles {
  const files = {
    ca: join(directory, 'ca.pem'),
    certificate: join(directory, `${name}.pem`),
    key: join(directory, `${name}.key.pem`),
  };
  writeFileSync(files.ca, `${authority.certificate}\n`);
  writeFileSync(files.certificate, `${certificate}\n`);
  writeFileSync(files.key, `${key}\n`, { mode: 0o600 });
  return files;
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function validity({ notBeforeMs, notAfterMs }: CertificateOptions): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now();
  return {
    notBefore: new Date(notBeforeMs ?? nowMs - DAY_MS),
    notAfter: new Date(notAfterMs ?? nowMs + 365 * DAY_MS),
  };
}
