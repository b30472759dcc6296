import type { CallOptions } from '../core/call-options.ts';
import { Metadata } from '../core/metadata.ts';
import { isServerCall, type ServerCall } from '../core/server-call.ts';
import { kindOf } from '../core/validate.ts';

/**
 * Options for a call made on behalf of an incoming one: deadline and cancellation pass on as with `{ parent: call }`, and
 * of its metadata the named keys do, with all their values. Other options are added by spreading:
 * `{ ...forward(call, ['x-request-id']), timeoutMs: 500 }`.
 *
 * @throws TypeError when this is no ServerCall of a handler, keys are no list, or one is no text.
 */
export function forward(call: ServerCall, keys: readonly string[]): CallOptions {
  if (!isServerCall(call)) throw new TypeError(`forward: expected the ServerCall of a handler, got ${kindOf(call)}`);
  if (!Array.isArray(keys)) throw new TypeError(`forward: expected a list of keys, got ${kindOf(keys)}`);
  const metadata = new Metadata();
  for (const key of keys) {
    if (typeof key !== 'string') throw new TypeError(`forward: expected keys to be texts, got ${kindOf(key)}`);
    for (const value of call.metadata.get(key)) metadata.add(key, value);
  }
  return { parent: call, metadata };
}
