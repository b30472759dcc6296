import { readFileSync } from 'node:fs';

const read = (name: string): string => readFileSync(new URL(`tls/${name}`, import.meta.url), 'utf8');

/** A key and certificate for localhost and 127.0.0.1 that only these specs trust; valid until 2126. */
export const tls = { key: read('key.pem'), cert: read('cert.pem') };

/** Certificates for the same key: for another name, expired, and signed by {@link ca}. */
export const otherNameCert = read('other-name-cert.pem');
export const expiredCert = read('expired-cert.pem');
export const signedCert = read('signed-cert.pem');

/** A certificate authority and its key. */
export const ca = read('ca.pem');
export const otherKey = read('other-key.pem');
