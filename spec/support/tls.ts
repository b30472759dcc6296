import { readFileSync } from 'node:fs';

const read = (name: string): string => readFileSync(new URL(`tls/${name}`, import.meta.url), 'utf8');

/** A key and certificate for localhost and 127.0.0.1 that nobody trusts but these specs; valid until 2126. */
export const tls = { key: read('key.pem'), cert: read('cert.pem') };

/** Certificates of the same key: for a name of somebody else's, past its end, and signed by {@link ca}. */
export const otherNameCert = read('other-name-cert.pem');
export const expiredCert = read('expired-cert.pem');
export const signedCert = read('signed-cert.pem');

/** An authority, and its key. */
export const ca = read('ca.pem');
export const otherKey = read('other-key.pem');
