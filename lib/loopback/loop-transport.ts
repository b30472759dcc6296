import type { CallCredentials, Metadata } from '@grpc/grpc-js';
import { BehaviorSubject, takeWhile } from 'rxjs';
import type { ConnectivityState, Transport } from '../client/transport.ts';
import { Code, codeName, isErrorCode } from '../core/status.ts';
import type { ServerStream } from '../server/transport.ts';
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
        else call.abort(Code.UNIMPLEMENTED, `The server does not implement the method ${path}`);
      };
      deferred(() => {
        if (credentials === undefined) begin();
        else {
          addCredentials(metadata, credentials, path).then(refusal =>
            refusal === undefined ? begin() : call.abort(refusal.code, refusal.details),
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

/** Codes that grpc-js does not use for a client's own failures, because they would pass for the server's answer. */
const NOT_OF_THIS_SIDE: readonly Code[] = [
  Code.INVALID_ARGUMENT,
  Code.NOT_FOUND,
  Code.ALREADY_EXISTS,
  Code.FAILED_PRECONDITION,
  Code.ABORTED,
  Code.OUT_OF_RANGE,
  Code.DATA_LOSS,
];

/** Adds the metadata of call credentials. If they fail, returns the status with which grpc-js ends such a call. */
async function addCredentials(
  metadata: Metadata,
  credentials: CallCredentials,
  path: string,
): Promise<{ readonly code: Code; readonly details: string } | undefined> {
  const slash = path.lastIndexOf('/');
  const call = { method_name: path.slice(slash + 1), service_url: `https://in-process${path.slice(0, slash)}` };
  try {
    metadata.merge(await credentials.generateMetadata(call));
  } catch (error) {
    return refusalFor(error as Error);
  }
  return undefined;
}

function refusalFor(error: Error & { readonly code?: unknown }) {
  const code = isErrorCode(error.code) ? error.code : Code.UNKNOWN;
  const details = `Getting metadata from plugin failed with error: ${error.message}`;
  return NOT_OF_THIS_SIDE.includes(code)
    ? { code: Code.INTERNAL, details: `Invalid status from control plane: ${code} ${codeName(code)} ${details}` }
    : { code, details };
}
