import { type InspectOptions, inspect, types } from 'node:util';
import { printableDetails, richDetailsOf, STATUS_DETAILS } from './error-details.ts';
import { isMetadata } from './metadata.ts';
import { ownMetadata } from './own-metadata.ts';
import type { RpcError } from './rpc-error.ts';

/** An error for a logger that writes JSON. */
export function asJson({ name, message, code, codeName, details, path, metadata }: RpcError): object {
  return { name, message, code, codeName, details, path, ...extrasOf(metadata) };
}

/** An error for a console: its stack, and what its message does not say. */
export function inWords(error: RpcError, options: InspectOptions): string {
  const cause = Object.hasOwn(error, 'cause') ? { cause: error.cause } : {};
  const fields = { code: error.codeName, ...extrasOf(error.metadata), ...cause };
  return `${error.stack} ${inspect(fields, { ...options, showHidden: false, depth: 5 })}`;
}

/** What may be shown of an error's metadata: the keys, for values may be secrets, and the rich details. */
export function extrasOf(metadata: unknown): { metadataKeys?: readonly string[]; richDetails?: readonly object[] } {
  const richDetails = richDetailsOf({ metadata });
  const keys = keysOf(metadata);
  return {
    ...(richDetails.length > 0 && { richDetails: printableDetails(richDetails) }),
    ...(keys.length > 0 && { metadataKeys: keys }),
  };
}

/** The keys of what an error's sender put there, without that of rich details that can be read. */
export function keysOf(metadata: unknown): readonly string[] {
  if (!isMetadata(metadata)) return [];
  const own = ownMetadata(metadata);
  if (richDetailsOf({ metadata }).length > 0) own.remove(STATUS_DETAILS);
  return Object.keys(own.getMap());
}

/**
 * Makes the metadata of an error, and of its causes, not enumerable, so that no logger writes its values; its keys are told by
 * `metadataKeys`. That is for a ServiceError of plain grpc-js: an RpcError is so from the beginning. Returns the error.
 */
export function hideMetadata<E>(error: E): E {
  try {
    hide(error, new Set());
  } catch {
    // An error whose properties throw when they are read is printed by nobody.
  }
  return error;
}

function hide(error: unknown, seen: Set<unknown>): void {
  if (!(error instanceof Error || types.isNativeError(error)) || seen.has(error)) return;
  seen.add(error);
  const { metadata, cause, errors } = error as Error & { metadata?: unknown; errors?: unknown };
  if (Object.getOwnPropertyDescriptor(error, 'metadata')?.configurable && isMetadata(metadata)) {
    Object.defineProperty(error, 'metadata', { enumerable: false });
    if (Object.isExtensible(error) && !('metadataKeys' in error))
      Object.assign(error, { metadataKeys: keysOf(metadata) });
  }
  for (const inner of [cause, ...(Array.isArray(errors) ? errors : [])]) hide(inner, seen);
}
