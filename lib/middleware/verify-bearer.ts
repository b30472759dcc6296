import { defer, from, isObservable, of, switchMap } from 'rxjs';
import type { ServerMiddleware } from '../core/middleware.ts';
import { RpcError } from '../core/rpc-error.ts';
import type { ContextKey, ServerCall } from '../core/server-call.ts';
import { Code } from '../core/status.ts';
import { kindOf } from '../core/validate.ts';
import { tokenOf } from './bearer-token.ts';
import { checkSide } from './failure.ts';

/**
 * Admits only calls with a verified `authorization: Bearer <token>`, and stores the result of `verify` in
 * `call.context`, where handlers get it by the same key. Until then, the handler is not called and its requests are not
 * read. A call that is cancelled meanwhile never reaches the handler.
 *
 * A call without a token ends with UNAUTHENTICATED. So does a call for which `verify` returns undefined, null or false,
 * or a promise of them. To send another status (PERMISSION_DENIED, or details that say that the token has expired),
 * throw an RpcError: it is sent as it is, unless it came from another call. Any other error that `verify` throws or
 * rejects with means that the check itself failed (its key server is down, it has a bug). The call then ends with
 * UNKNOWN and no details, and the server's `onError` gets the error.
 *
 * Sources: https://www.rfc-editor.org/rfc/rfc6750#section-2.1, https://www.rfc-editor.org/rfc/rfc7235#section-2.1
 *
 * @throws TypeError when `identity` is not a key of contextKey(), or `verify` is not a function.
 */
export function verifyBearer<T>(
  identity: ContextKey<T>,
  verify: (token: string, call: ServerCall) => Verified<NoInfer<T>> | PromiseLike<Verified<NoInfer<T>>>,
): ServerMiddleware {
  if (typeof identity?.name !== 'string' || !('defaultValue' in identity)) {
    throw new TypeError(`verifyBearer: expected identity to be a key made by contextKey(), got ${kindOf(identity)}`);
  }
  if (typeof verify !== 'function') {
    throw new TypeError(`verifyBearer: expected verify to be a function (token, call), got ${kindOf(verify)}`);
  }
  return (rpc, { path }) =>
    (request$, call) => {
      checkSide('verifyBearer', 'server', call);
      const unauthenticated = (details: string) => new RpcError(Code.UNAUTHENTICATED, details, { path });
      const identity$ = defer(() => {
        const found = tokenOf(call.metadata);
        if ('missing' in found) throw unauthenticated(found.missing);
        const verified = verify(found.token, call);
        return isPromiseLike(verified) ? from(verified) : of(verified);
      });
      return identity$.pipe(
        switchMap(value => {
          if (isObservable(value)) throw new TypeError(NO_OBSERVABLE);
          if (isNobody(value)) throw unauthenticated('the token was not accepted');
          call.context.set(identity, value as T);
          return rpc(request$, call);
        }),
      );
    };
}

/** An identity, or a value that says that there is none. */
type Verified<T> = T | undefined | null | false;

const NO_OBSERVABLE =
  'verifyBearer: expected verify to return a value or a promise of one, got an Observable; write firstValueFrom(...)';

/** Whether a lookup found nothing, or a check failed. */
function isNobody(value: unknown): boolean {
  return value === undefined || value === null || value === false;
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null)?.then === 'function';
}
