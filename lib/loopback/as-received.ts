import { Metadata } from '@grpc/grpc-js';

/** Keys that the transport writes itself: the peer does not see the user's values of them. */
const TRANSPORT_KEYS: ReadonlySet<string> = new Set(
  'accept-encoding content-type grpc-accept-encoding grpc-encoding grpc-timeout te user-agent'.split(' '),
);

/**
 * A copy of metadata as a peer receives it over HTTP/2 in Node: the values of a key are joined with commas, and values that begin or
 * end with a space are missing.
 */
export function asReceived(metadata: Metadata): Metadata {
  const headers: Record<string, string | string[]> = {};
  for (const [key, given] of Object.entries(metadata.toHttp2Headers())) {
    const values = [given as string | string[]].flat().filter(value => value === value.trim());
    if (TRANSPORT_KEYS.has(key) || values.length === 0) continue;
    headers[key] = key === 'set-cookie' ? values : values.join(key === 'cookie' ? '; ' : ', ');
  }
  return Metadata.fromHttp2Headers(headers);
}
