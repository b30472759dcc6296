import type { Metadata } from '@grpc/grpc-js';
import { toMetadata } from './metadata.ts';
import type { CallOptions, MetadataInput } from './service.ts';

/**
 * The options of a call with more metadata, for middleware of a client:
 * `rpc => (request$, call) => rpc(request$, withMetadata(call, { 'x-request-id': id }))`. Values of a key that is there already
 * are replaced. Neither the options nor their metadata are changed.
 *
 * @throws TypeError that names a key or a value which gRPC does not take; RangeError above 40 KiB or 100 values.
 */
export function withMetadata(options: CallOptions, added: MetadataInput): CallOptions {
  const metadata: Metadata = toMetadata(options.metadata);
  const more = toMetadata(added);
  for (const key of Object.keys(more.getMap())) {
    metadata.remove(key);
    for (const value of more.get(key)) metadata.add(key, value);
  }
  return { ...options, metadata };
}
