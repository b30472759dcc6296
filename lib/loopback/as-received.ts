import { Metadata } from '@grpc/grpc-js';

/** Written by the transport itself: what the user gives under these names is not seen by the other side. */
const TRANSPORT_KEYS: ReadonlySet<string> = new Set(
  'accept-encoding content-type grpc-accept-encoding grpc-encoding grpc-timeout te user-agent'.split(' '),
);

/**
 * Metadata as it arrives over the wire: a copy, of which several texts of one key have become one, with commas between them,
 * and texts that begin or end with a space are gone (Node's HTTP/2 does both).
 */
export function arrived(metadata: Metadata): Metadata {
  const headers: Record<string, string | string[]> = {};
  for (const [key, given] of Object.entries(metadata.toHttp2Headers())) {
    const values = [given as string | string[]].flat().filter(value => value === value.trim());
    if (TRANSPORT_KEYS.has(key) || values.length === 0) continue;
    headers[key] = key === 'set-cookie' ? values : values.join(key === 'cookie' ? '; ' : ', ');
  }
  return Metadata.fromHttp2Headers(headers);
}
