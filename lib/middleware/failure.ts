import type { CallOptions } from '../core/call-options.ts';
import { markReceived } from '../core/error-status.ts';
import { RpcError, type RpcErrorOptions } from '../core/rpc-error.ts';
import { isServerCall, type ServerCall } from '../core/server-call.ts';
import type { Code } from '../core/status.ts';

/**
 * The error with which a middleware ends a call. A server sends it to its caller. On a client it counts as received, so
 * that a server that makes the call does not reveal it to its own caller.
 */
export function failure(
  call: CallOptions | ServerCall,
  code: Code,
  details: string,
  options: RpcErrorOptions = {},
): RpcError {
  const error = new RpcError(code, details, options);
  return isServerCall(call) ? error : markReceived(error);
}

/** @throws TypeError when middleware of a client was given to a server, or the reverse. */
export function checkSide(apiName: string, side: 'client' | 'server', call: CallOptions | ServerCall): void {
  if ((side === 'server') === isServerCall(call)) return;
  throw new TypeError(
    `${apiName}: it is middleware of a ${side}, and was given to a ${side === 'server' ? 'client' : 'server'}`,
  );
}
