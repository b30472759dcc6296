import { asyncScheduler, defer, isObservable, type Observable, of, type Subscriber } from 'rxjs';
import { LinkedList } from '../call/linked-list.ts';
import { LiveCalls } from '../call/live-calls.ts';
import type { ConnectivityState, Transport } from '../call/transport.ts';
import {
  type CallOptions,
  type Compression,
  checkCallOptions,
  checkCompression,
  checkFlowOptions,
  type FlowOptions,
  flowOptions,
  mergeFlowOptions,
} from '../core/call-options.ts';
import { markReceived } from '../core/error-status.ts';
import type { Method } from '../core/method.ts';
import { type ClientMiddlewareOf, checkMiddleware, type MiddlewareList, wrap } from '../core/middleware.ts';
import { RpcError } from '../core/rpc-error.ts';
import type { ServerCall } from '../core/server-call.ts';
import { type ClientOf, clientMethod, methodsOf } from '../core/service.ts';
import { Code } from '../core/status.ts';
import { kindOf } from '../core/validate.ts';
import { attachCallSite } from './attach-call-site.ts';
import { type Captured, madeAt, subscribedAt, type Trace, TracedCall, traceMade } from './call-trace.ts';
import { type ClientState, clientCall } from './client-call.ts';

/** The flow options are the defaults of every call. */
export interface ClientDefaults<S = any> extends FlowOptions {
  /** Stands before the calls, the first one outermost; an object of them by method name is for those methods alone. */
  readonly middleware?: readonly ClientMiddlewareOf<S>[] | undefined;
  /** How requests are compressed where a call says nothing. Default: `identity`. */
  readonly compression?: Compression | undefined;
}

export const clientDefaults: readonly (keyof ClientDefaults)[] = ['middleware', 'compression', ...flowOptions];

const states = new WeakMap<object, ClientState>();

/**
 * The client of a service over whatever carries its calls.
 *
 * @throws TypeError, RangeError when an option is of the wrong kind; then the transport has not been opened.
 */
export function createClient<S>(
  apiName: string,
  service: S,
  options: ClientDefaults,
  open: () => Transport,
): ClientOf<S> {
  const methods = methodsOf(service as object);
  checkFlowOptions(apiName, options);
  checkCompression(apiName, options.compression);
  checkMiddleware(
    apiName,
    options.middleware,
    methods.map(([name]) => name),
  );
  const state: ClientState = {
    transport: open(),
    live: new LiveCalls(),
    behindMiddleware: new LinkedList(),
    isClosed: false,
  };
  const client: Record<string | symbol, unknown> = {
    [Symbol.dispose]: () => closeClient(state),
    [Symbol.asyncDispose]: async () => closeClient(state),
  };
  for (const [name, method] of methods) client[name] = clientMethodOf(state, method, name, options);
  states.set(client, state);
  state.live.belongTo(client);
  return client as ClientOf<S>;
}

/**
 * Ends the calls of a client with CANCELLED and closes its connections. A grpc-js Client or Channel that was handed to
 * connect() stays open. Closing twice does nothing.
 *
 * @throws TypeError when this is no client of connect() or loopback().
 */
export function close(client: object): void {
  closeClient(stateOf('close', client));
}

/**
 * The state of a client's connection, now and whenever it changes; after `SHUTDOWN`, by close(), it completes. A client may
 * hold several connections (see connect()): the best of their states is told. It does not connect by itself, unless told to.
 * Nothing is queued, and an Observable that waits for a state keeps no process alive.
 *
 * @param options `connect: true` begins to connect at once instead of with the first call.
 * @throws TypeError when this is no client.
 */
export function state$(client: object, options: { readonly connect?: boolean } = {}): Observable<ConnectivityState> {
  const { transport } = stateOf('state$', client);
  return defer(() => {
    if (options.connect) transport.connect();
    return transport.state$;
  });
}

function stateOf(apiName: string, client: object): ClientState {
  const state = states.get(client);
  if (state !== undefined) return state;
  throw new TypeError(`${apiName}: expected a client made by connect() or loopback(), got ${kindOf(client)}`);
}

function closeClient(state: ClientState): void {
  if (state.isClosed) return;
  state.isClosed = true;
  state.live.abortAll(() => 'the client was closed');
  const cutWaiting = (): void => {
    for (const abort of state.behindMiddleware) abort('the client was closed');
  };
  // Calls that are live still, inside `next`, end a turn later: some of them as their server said, which middleware passes on.
  if (state.live.size === 0) cutWaiting();
  else asyncScheduler.schedule(cutWaiting);
  state.transport.close();
}

function clientMethodOf(state: ClientState, method: Method, name: string, defaults: ClientDefaults) {
  const { compression } = defaults;
  const complete = (options: CallOptions): CallOptions => ({
    ...options,
    ...mergeFlowOptions(options, defaults),
    compression: options.compression ?? compression,
  });
  const wrapped = wrap(
    (request$, options) => clientCall(state, method, request$, complete(checkCallOptions(name, options))),
    defaults.middleware as MiddlewareList | undefined,
    name,
    method,
  );
  const completeNoOptions = complete(noOptions);
  const rpc = (request: unknown, given: CallOptions | ServerCall = noOptions) => {
    if (method.requestStream && !isObservable(request)) {
      throw new TypeError(
        `${name}: expected an Observable of requests, got ${kindOf(request)}; iterables and streams go through pull()`,
      );
    }
    const options = given === noOptions ? noOptions : checkCallOptions(name, given);
    const made = (options as { [madeAt]?: Captured })[madeAt] ?? traceMade();
    if (wrapped === undefined) {
      return clientCall(state, method, request, options === noOptions ? completeNoOptions : complete(options), made);
    }
    const request$ = isObservable(request) ? request : of(request);
    const begin = (subscriber: Subscriber<unknown>, trace: Trace): void => {
      // A call that its middleware lets wait is none yet that closing the client would end.
      const abort = (details: string): void =>
        subscriber.error(
          attachCallSite(markReceived(new RpcError(Code.CANCELLED, details, { path: method.path })), trace),
        );
      if (state.isClosed) {
        abort('the client is closed');
        return;
      }
      subscriber.add(state.behindMiddleware.add(abort));
      wrapped(request$, { ...options, [subscribedAt]: trace }).subscribe(subscriber);
    };
    return new TracedCall(method.path, begin, made);
  };
  return Object.defineProperty(rpc, clientMethod, { value: true });
}

const noOptions: CallOptions = {};
