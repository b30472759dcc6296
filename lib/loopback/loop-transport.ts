import { BehaviorSubject, takeWhile } from 'rxjs';
import type { ConnectivityState, Transport } from '../client/transport.ts';
import { Code } from '../core/status.ts';
import type { ServerStream } from '../server/transport.ts';
import { addCredentials } from './add-credentials.ts';
import { deferred } from './deferred.ts';
import { LoopCall } from './loop-call.ts';

/** Takes one call for a method of the server. */
export type Start = (stream: ServerStream) => void;

/**
 * What carries the calls of a client to a server in this process.
 *
 * @param starts what the server does with a call, by path.
 * @param inContext runs what the server is told.
 */
export function loopTransport(starts: ReadonlyMap<string, Start>, inContext: (work: () => void) => void): Transport {
  const state$ = new BehaviorSubject<ConnectivityState>('READY');
  return {
    open: ({ path }, { metadata, deadline, credentials }) => {
      const call = new LoopCall(deadline, inContext);
      const start = starts.get(path);
      const begin = (): void => {
        if (start !== undefined) call.begin(metadata, start);
        else call.cut(Code.UNIMPLEMENTED, `The server does not implement the method ${path}`);
      };
      deferred(() => {
        if (credentials === undefined) begin();
        else {
          addCredentials(metadata, credentials, path).then(refusal =>
            refusal === undefined ? begin() : call.cut(refusal.code, refusal.details),
          );
        }
      });
      return call.client;
    },
    state$: state$.pipe(takeWhile(state => state !== 'SHUTDOWN', true)),
    connect: () => {},
    close: () => state$.next('SHUTDOWN'),
  };
}
