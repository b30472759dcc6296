import { Metadata } from '@grpc/grpc-js';
import { isPlainObject, type MetadataInput } from './rpc.ts';

/**
 * Metadata of one's own: a plain object made into grpc-js's Metadata, or a copy of one that was given.
 *
 * @throws TypeError that names the key or the value that gRPC does not take.
 */
export function toMetadata(input: MetadataInput | undefined): Metadata {
  if (input === undefined) return new Metadata();
  if (isMetadata(input)) return input.clone();
  if (!isPlainObject(input)) throw new TypeError('metadata: expected a plain object or a Metadata of grpc-js');
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(input)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      try {
        metadata.add(key, typeof value === 'string' ? value : Buffer.from(value));
      } catch (cause) {
        throw new TypeError(`metadata: "${key}" is no key, or its value no value, that gRPC takes: ${String(cause)}`, {
          cause,
        });
      }
    }
  }
  return metadata;
}

// Not by its class: another copy of grpc-js has one of its own.
function isMetadata(input: MetadataInput): input is Metadata {
  return typeof (input as Metadata).clone === 'function' && typeof (input as Metadata).toHttp2Headers === 'function';
}
