import { Observable, type ObservableInput } from 'rxjs';
import type { Rpc } from '../compose.ts';
import { captureContext } from '../flow/context.ts';
import { fromInput } from '../flow/input.ts';
import type { ServerCall } from '../server-call.ts';
import type { IncomingCall } from './incoming-call.ts';

export type AnyHandler = (request$: Observable<any>, call: ServerCall) => ObservableInput<any>;

/**
 * A handler as the innermost RPC: it runs when its response is subscribed to, in the async context in which the middleware
 * before it called the RPC (`storage.run(store, () => rpc(request$, call))`).
 */
export function handlerRpc(handler: AnyHandler): Rpc<ServerCall> {
  return (request$, call) => {
    const inContext = captureContext();
    return new Observable(output => {
      const run = () => fromInput(handler(request$, call)).subscribe(output);
      if (inContext === undefined) run();
      else {
        (call as IncomingCall).inContext = inContext;
        inContext(run);
      }
    });
  };
}
