import { readFileSync } from 'node:fs';

const read = (name: string): string => readFileSync(new URL(`tls/${name}`, import.meta.url), 'utf8');

/** A key and certificate for localhost that nobody trusts but these specs; valid until 2126. */
export const tls = { key: read('key.pem'), cert: read('cert.pem') };
