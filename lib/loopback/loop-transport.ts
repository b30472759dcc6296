import { BehaviorSubject, takeWhile } from 'rxjs';
import type { ServerChannel } from '../call/message-channel.ts';
import type { ConnectivityState, Transport } from '../call/transport.ts';
import type { CallCredentials } from '../core/call-options.ts';
import type { Metadata } from '../core/metadata.ts';
import { Code, codeName, isErrorCode } from '../core/status.ts';
import { deferred } from './deferred.ts';
import { LoopCall } from './loop-call.ts';

/**
 * What carries the calls of a client to a server in this process.
 *
 * @param serves the methods of the server, by path.
 * @param inContext runs what the server is told.
 */
export function loopTransport(
  serves: ReadonlyMap<string, (channel: ServerChannel) => void>,
  inContext: (work: () => void) => void,
): Transport {
  const state$ = new BehaviorSubject<ConnectivityState>('READY');
  return {
    open: ({ path }, { metadata, deadline, credentials }, listener) => {
      const call = new LoopCall(deadline, listener, inContext);
      const serve = serves.get(path);
      const begin = (): void => {
        if (serve !== undefined) call.begin(metadata, serve);
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
