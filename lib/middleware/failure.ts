import type { CallOptions } from '../core/call-options.ts';
import { markReceived } from '../core/error-status.ts';
import { RpcError, type RpcErrorOptions } from '../core/rpc-error.ts';
import { isServerCall, type ServerCall } from '../core/server-call.ts';
import type { Code } from '../core/status.ts';

/**
 * The error by which a middleware itself ends a call. On a server its caller is told; on a client it counts as received, so that
 * a server which makes that call does not show it to a caller of its own.
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

/** @throws TypeError where middleware of a client was given to a server, or the reverse. */
export function checkSide(apiName: string, side: 'client' | 'server', call: CallOptions | ServerCall): void {
  if ((side === 'server') === isServerCall(call)) return;
  throw new TypeError(
    `${apiName}: it is middleware of a ${side}, and was given to a ${side === 'server' ? 'client' : 'server'}`,
  );
}
