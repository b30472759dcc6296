import { NEVER, type Observable } from 'rxjs';
import { LiveCalls } from '../call/live-calls.ts';
import type { FlowOptions } from '../core/call-options.ts';
import type { Method } from '../core/method.ts';
import type { MiddlewareList } from '../core/middleware.ts';
import type { RpcError } from '../core/rpc-error.ts';
import { hideMetadata } from '../core/rpc-error.ts';
import type { ServerCall } from '../core/server-call.ts';

/** The part of a server that its calls share. */
export interface ServerContext {
  /** Called with each error that the caller must not see. */
  readonly onError: (error: unknown, call: ServerCall) => void;
  readonly flow: FlowOptions;
  readonly live: LiveCalls<RpcError>;
  /** Applied outside the middleware of the services. */
  readonly middleware: MiddlewareList;
  /** Emits and completes when the server starts to shut down, also for later subscribers. */
  readonly draining$: Observable<void>;
  /** Replaces the serialization of a method. Set when the client is in this process. */
  readonly codecOf?: ((method: Method) => Method) | undefined;
}

/** The context for services that the user adds to a Server of grpc-js. */
export function defaultContext(): ServerContext {
  return { onError: print, flow: {}, live: new LiveCalls(), middleware: [], draining$: NEVER };
}

export function report({ onError }: ServerContext, error: unknown, call: ServerCall): void {
  const failed = (thrown: unknown): void => {
    print(error, call);
    console.error('onError threw:', hideMetadata(thrown));
  };
  try {
    const done: unknown = onError(hideMetadata(error), call);
    if (done instanceof Promise) done.catch(failed); // an async function passes for one that returns nothing
  } catch (thrown) {
    failed(thrown);
  }
}

function print(error: unknown, call: ServerCall): void {
  console.error(`${call.path}: the handler failed; its caller was told UNKNOWN and nothing else.`, error);
}
