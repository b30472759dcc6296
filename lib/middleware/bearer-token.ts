import type { Metadata } from '@grpc/grpc-js';
import { kindOf } from '../core/validate.ts';

/** The metadata key of the credentials. */
export const AUTHORIZATION = 'authorization';

/** Visible ASCII. RFC 6750 allows fewer characters, but real tokens use more. None of these can inject a header. */
const TOKEN = /^[\x21-\x7e]+$/;
const CREDENTIALS = /^bearer +([\x21-\x7e]+)$/i;

/**
 * The credentials that a client sends: `Bearer <token>`.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 *
 * @throws TypeError when the value cannot be a token. The error does not show the value.
 */
export function authorization(token: string): string {
  if (typeof token !== 'string') {
    const got = typeof token === 'object' ? kindOf(token) : typeof token;
    throw new TypeError(`bearer: expected the token to be a string, got ${got}`);
  }
  if (!TOKEN.test(token)) {
    throw new TypeError(
      'bearer: expected the token to be visible ASCII characters without spaces, got other characters, or none',
    );
  }
  return `Bearer ${token}`;
}

/** The token that a caller sent, or why there is none. */
export function tokenOf(metadata: Metadata): { readonly token: string } | { readonly missing: string } {
  const [credentials] = metadata.get(AUTHORIZATION);
  const expected = 'expected the metadata "authorization: Bearer <token>"';
  if (credentials === undefined) return { missing: `${expected}, there is no "authorization"` };
  const token = CREDENTIALS.exec(String(credentials))?.[1];
  return token === undefined ? { missing: `${expected}, "authorization" is something else` } : { token };
}
