import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { kindOf } from '../core/validate.ts';

/** The option `tls` of connect() and serve(). */
interface TlsOptions {
  readonly ca?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  readonly cert?: string | Uint8Array | undefined;
}

/**
 * Refuses options that OpenSSL would ignore silently, or reject without naming the option.
 *
 * @throws TypeError that names the option and the problem. It never shows any part of a key.
 */
export function checkTls(apiName: string, { ca, key, cert }: TlsOptions): void {
  if (ca !== undefined) checkCertificate(`${apiName}: tls.ca`, ca);
  if (cert !== undefined) checkCertificate(`${apiName}: tls.cert`, cert);
  if (key !== undefined) checkKey(`${apiName}: tls.key`, key);
  if ((key === undefined) !== (cert === undefined)) {
    const [given, missing] = key === undefined ? ['cert', 'key'] : ['key', 'cert'];
    throw new TypeError(`${apiName}: tls.${given} is given without tls.${missing}; they belong together`);
  }
  if (key !== undefined && cert !== undefined) checkPair(apiName, bytesOf(key), bytesOf(cert));
}

function checkCertificate(option: string, given: unknown): void {
  const pem = textOf(option, given);
  const blocks = pem.match(CERTIFICATES) ?? [];
  if (blocks.length === 0) throw new TypeError(`${option} holds no certificate in PEM${why(pem)}`);
  let failure: unknown;
  for (const block of blocks) {
    try {
      new X509Certificate(block);
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw new TypeError(`${option} holds a certificate that cannot be read`, { cause: failure });
}

function checkKey(option: string, given: unknown): void {
  const pem = textOf(option, given);
  if (!PRIVATE_KEY.test(pem)) throw new TypeError(`${option} holds no private key in PEM${why(pem)}`);
  if (ENCRYPTED.test(pem)) {
    throw new TypeError(`${option} is encrypted: decrypt it first (openssl pkey -in key.pem -out decrypted.pem)`);
  }
  try {
    createPrivateKey(pem);
  } catch (cause) {
    throw new TypeError(`${option} holds a private key that cannot be read`, { cause });
  }
}

function checkPair(apiName: string, key: Buffer, cert: Buffer): void {
  try {
    createSecureContext({ key, cert });
  } catch (cause) {
    const what = /mismatch/i.test(String(cause))
      ? 'tls.key is not the private key of tls.cert (of a chain: of its first certificate)'
      : 'tls.key and tls.cert cannot be used together';
    throw new TypeError(`${apiName}: ${what}`, { cause });
  }
}

/** Says what was given instead, if it is recognizable. */
function why(pem: string): string {
  if (CERTIFICATE.test(pem)) return ', but a certificate';
  if (PRIVATE_KEY.test(pem)) return ', but a private key';
  if (pem.startsWith('0\x82')) return '; it is DER: convert it to PEM (openssl -inform der)';
  if (pem.trim() === '') return '; it is empty';
  return pem.length < 300 && !pem.includes('\n')
    ? "; if it is a path, give the file's content: readFileSync(path)"
    : '';
}

function textOf(option: string, given: unknown): string {
  if (typeof given === 'string') return given;
  if (given instanceof Uint8Array) return bytesOf(given).toString('latin1');
  throw new TypeError(`${option}: expected PEM, as a string or its bytes, got ${kindOf(given)}`);
}

function bytesOf(pem: string | Uint8Array): Buffer {
  return typeof pem === 'string' ? Buffer.from(pem) : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength);
}

/** The labels that OpenSSL accepts. */
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/;
const CERTIFICATES = new RegExp(CERTIFICATE, 'g');
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;
