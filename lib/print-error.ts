import { type InspectOptions, inspect } from 'node:util';
import { ownMetadata } from './own-metadata.ts';
import { STATUS_DETAILS } from './rich-details.ts';
import type { RpcError } from './status.ts';

/** An error for a logger that writes JSON. */
export function asJson(error: RpcError): object {
  const { name, message, code, details, path } = error;
  const fields = { name, message, code, details, path, ...extrasOf(error) };
  // JSON has no 64-bit integers, such as the seconds of a RetryInfo.
  return JSON.parse(JSON.stringify(fields, (_key, value) => (typeof value === 'bigint' ? String(value) : value)));
}

/** An error for a console: its stack, and what its message does not say. */
export function inWords(error: RpcError, options: InspectOptions): string {
  const cause = Object.hasOwn(error, 'cause') ? { cause: error.cause } : {};
  return `${error.stack} ${inspect({ code: error.codeName, ...extrasOf(error), ...cause }, { ...options, depth: 5 })}`;
}

/** Rich details, and the metadata that its sender's program put there. */
function extrasOf({ metadata, richDetails }: RpcError): object {
  const own = ownMetadata(metadata);
  own.remove(STATUS_DETAILS);
  const keys = own.getMap();
  return { ...(richDetails.length > 0 && { richDetails }), ...(Object.keys(keys).length > 0 && { metadata: keys }) };
}
