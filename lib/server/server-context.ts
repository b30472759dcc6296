import { NEVER, type Observable } from 'rxjs';
import { LiveCalls } from '../call/live-calls.ts';
import type { FlowOptions } from '../core/call-options.ts';
import type { Method } from '../core/method.ts';
import type { MiddlewareList } from '../core/middleware.ts';
import type { RpcError } from '../core/rpc-error.ts';
import { hideMetadata } from '../core/rpc-error.ts';
import type { ServerCall } from '../core/server-call.ts';

/** What a whole server knows and its calls use. */
export interface Hooks {
  /** Told of each error that the caller is not shown. */
  readonly onError: (error: unknown, call: ServerCall) => void;
  readonly flow: FlowOptions;
  readonly live: LiveCalls<RpcError>;
  /** Stands before the middleware of the services. */
  readonly middleware: MiddlewareList;
  /** Emits and completes when the server begins to shut down, also for who comes later. */
  readonly draining$: Observable<void>;
  /** The client is in this process: a half-close can be believed at once, and messages may be left as they are. */
  readonly inProcess?: { readonly codecOf: (method: Method) => Method } | undefined;
}

/** For services that their user adds to a grpc-js server. */
export function defaultHooks(): Hooks {
  return { onError: print, flow: {}, live: new LiveCalls(), middleware: [], draining$: NEVER };
}

export function report({ onError }: Hooks, error: unknown, call: ServerCall): void {
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
