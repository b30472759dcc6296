import { catchError, Observable, type ObservableInput, throwError } from 'rxjs';
import type { Rpc } from '../compose.ts';
import { captureContext } from '../flow/context.ts';
import { fromInput } from '../flow/input.ts';
import type { ServerCall } from '../server-call.ts';
import { passOn } from '../status.ts';
import type { IncomingCall } from './incoming-call.ts';

export type AnyHandler = (request$: Observable<any>, call: ServerCall) => ObservableInput<any>;

/**
 * A handler as the innermost RPC: it runs when its response is subscribed to, in the async context in which the middleware
 * before it called the RPC (`storage.run(store, () => rpc(request$, call))`).
 *
 * @param isProxy the handler is a method of a client of ours: what its call ends with is its own.
 */
export function handlerRpc(handler: AnyHandler, isProxy: boolean): Rpc<ServerCall> {
  return (request$, call) => {
    const inContext = captureContext();
    return new Observable(output => {
      const run = () => {
        const response$ = fromInput(handler(request$, call));
        (isProxy ? response$.pipe(catchError(failWith)) : response$).subscribe(output);
      };
      if (inContext === undefined) run();
      else {
        (call as IncomingCall).inContext = inContext;
        inContext(run);
      }
    });
  };
}

const failWith = (error: unknown): Observable<never> => throwError(() => passOn(error));
