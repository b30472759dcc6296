import { findPrivateParts, type PrivateServerCall } from './private.ts';

let ofWire: PrivateServerCall | null | undefined;

/**
 * Whether a server's call is grpc-js's own, which writes to the wire: an interceptor's is perhaps made by another copy of grpc-js, and
 * only its prototype tells. Where that is not found each passes for an interceptor's.
 */
export function isNextToWire(call: object): boolean {
  ofWire ??= findPrivateParts()?.serverCall ?? null;
  return ofWire !== null && Object.getPrototypeOf(call) === ofWire;
}
