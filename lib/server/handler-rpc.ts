import { catchError, from, isObservable, Observable, type ObservableInput, of, switchMap, throwError } from 'rxjs';
import { fromInput } from '../backpressure/input.ts';
import { captureContext } from '../core/async-context.ts';
import { passOn } from '../core/error-status.ts';
import type { Rpc } from '../core/middleware.ts';
import { isServerCall, type ServerCall } from '../core/server-call.ts';
import { kindOf } from '../core/validate.ts';
import type { IncomingCall } from './incoming-call.ts';

export type AnyHandler = (request$: Observable<any>, call: ServerCall) => ObservableInput<any>;

/**
 * A handler as an RPC that runs it at once.
 *
 * @param isProxy the handler is a method of a client of ours: what its call ends with is its own.
 */
export function handlerRpc(handler: AnyHandler, isProxy: boolean): Rpc<ServerCall> {
  return (request$, call) => {
    const response$ = responseOf(handler(request$, call), call.path);
    return isProxy ? response$.pipe(catchError(failWith)) : response$;
  };
}

/**
 * The same behind middleware: it runs when its response is subscribed to, in the async context in which the middleware before it
 * called the RPC (`storage.run(store, () => rpc(request$, call))`).
 */
export function behindMiddleware(rpc: Rpc<ServerCall>): Rpc<ServerCall> {
  return (request$, call) => {
    if (!isServerCall(call)) {
      throw new TypeError(
        `expected middleware of a server to pass on the call as it was given it, not spread or made anew; got ${kindOf(call)}`,
      );
    }
    const inContext = captureContext();
    return new Observable(output => {
      const run = () => rpc(request$, call).subscribe(output);
      if (inContext === undefined) run();
      else {
        (call as IncomingCall).inContext = inContext;
        inContext(run);
      }
    });
  };
}

/** What a handler returned, as an Observable; also where an async function returns one, which is never a message. */
function responseOf(returned: unknown, path: string): Observable<unknown> {
  if (isObservable(returned)) return returned;
  if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') {
    return from(returned as PromiseLike<unknown>).pipe(switchMap(value => (isObservable(value) ? value : of(value))));
  }
  try {
    return fromInput(returned as ObservableInput<unknown>);
  } catch (cause) {
    const expected = 'an Observable, a promise or an iterable of responses (of(response), or an async function)';
    throw new TypeError(`${path}: expected the handler to return ${expected}, got ${kindOf(returned)}`, { cause });
  }
}

const failWith = (error: unknown): Observable<never> => throwError(() => passOn(error));
