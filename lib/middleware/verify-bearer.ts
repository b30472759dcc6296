import { defer, from, isObservable, of, switchMap } from 'rxjs';
import type { ServerMiddleware } from '../core/middleware.ts';
import { RpcError } from '../core/rpc-error.ts';
import type { ContextKey, ServerCall } from '../core/server-call.ts';
import { Code } from '../core/status.ts';
import { kindOf } from '../core/validate.ts';
import { tokenOf } from './bearer-token.ts';
import { checkSide } from './failure.ts';

/**
 * Lets only calls through whose `authorization: Bearer <token>` is verified, and sets what `verify` finds out in
 * `call.context`, where handlers get it by the same key. Until then the handler is not called, and its requests wait unread;
 * whoever cancels in the meantime never comes to the handler.
 *
 * A call without a token ends with UNAUTHENTICATED, and so does one for which `verify` gives undefined, null or false, or a
 * promise of them. To say something else (PERMISSION_DENIED, that it has expired) throw an RpcError: it is sent as it is, unless
 * it came from another call. Anything else that `verify` throws or rejects with is no verdict (its key server is down, it has a
 * bug): the call ends with UNKNOWN, nothing of it is sent, and the server's `onError` is told.
 *
 * Sources: https://www.rfc-editor.org/rfc/rfc6750#section-2.1, https://www.rfc-editor.org/rfc/rfc7235#section-2.1
 *
 * @throws TypeError when identity is no key of contextKey(), or verify no function.
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

/** An identity, or what says that there is none. */
type Verified<T> = T | undefined | null | false;

const NO_OBSERVABLE =
  'verifyBearer: expected verify to give a value or a promise of one, got an Observable; write firstValueFrom(...)';

/** What a look-up gives that found nothing, and a check that says no. */
function isNobody(value: unknown): boolean {
  return value === undefined || value === null || value === false;
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null)?.then === 'function';
}
