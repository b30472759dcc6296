import { findPrivateParts, type PrivateServerCall } from './private.ts';

let transportCall: PrivateServerCall | null | undefined;

/**
 * Whether a server's call is the transport's own, and not an interceptor's. An interceptor may come from another copy
 * of grpc-js, so this compares prototypes. Returns false for every call if the prototype cannot be found.
 */
export function isTransportCall(call: object): boolean {
  transportCall ??= findPrivateParts()?.serverCall ?? null;
  return transportCall !== null && Object.getPrototypeOf(call) === transportCall;
}
