import { asyncScheduler, defer, isObservable, type Observable, of, type Subscriber } from 'rxjs';
import { LinkedList } from '../call/linked-list.ts';
import { LiveCalls } from '../call/live-calls.ts';
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
import { call } from './call.ts';
import { type Captured, madeAt, subscribedAt, type Trace, TracedCall, traceMade } from './call-trace.ts';
import type { Connection } from './calling.ts';
import type { ConnectivityState, Transport } from './transport.ts';

/** The flow options are the defaults of every call. */
export interface ClientDefaults<S = any> extends FlowOptions {
  /** Stands before the calls, the first one outermost; an object of them by method name is for those methods alone. */
  readonly middleware?: readonly ClientMiddlewareOf<S>[] | undefined;
  /** How requests are compressed where a call says nothing. Default: `identity`. */
  readonly compression?: Compression | undefined;
}

export const clientDefaults: readonly (keyof ClientDefaults)[] = ['middleware', 'compression', ...flowOptions];

const connections = new WeakMap<object, Connection>();

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
  const connection: Connection = {
    transport: open(),
    live: new LiveCalls(),
    behindMiddleware: new LinkedList(),
    isClosed: false,
  };
  const client: Record<string | symbol, unknown> = {
    [Symbol.dispose]: () => closeConnection(connection),
    [Symbol.asyncDispose]: async () => closeConnection(connection),
  };
  for (const [name, method] of methods) client[name] = clientMethodOf(connection, method, name, options);
  connections.set(client, connection);
  connection.live.belongTo(client);
  return client as ClientOf<S>;
}

/**
 * Ends the calls of a client with CANCELLED and closes its connections. A grpc-js Client or Channel that was handed to
 * connect() stays open. Closing twice does nothing.
 *
 * @throws TypeError when this is no client of connect() or loopback().
 */
export function close(client: object): void {
  closeConnection(connectionOf('close', client));
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
  const { transport } = connectionOf('state$', client);
  return defer(() => {
    if (options.connect) transport.connect();
    return transport.state$;
  });
}

function connectionOf(apiName: string, client: object): Connection {
  const connection = connections.get(client);
  if (connection !== undefined) return connection;
  throw new TypeError(`${apiName}: expected a client made by connect() or loopback(), got ${kindOf(client)}`);
}

function closeConnection(connection: Connection): void {
  if (connection.isClosed) return;
  connection.isClosed = true;
  connection.live.abortAll(() => 'the client was closed');
  const cutWaiting = (): void => {
    for (const abort of connection.behindMiddleware) abort('the client was closed');
  };
  // Calls that are live still, inside `next`, end a turn later: some of them as their server said, which middleware passes on.
  if (connection.live.size === 0) cutWaiting();
  else asyncScheduler.schedule(cutWaiting);
  connection.transport.close();
}

function clientMethodOf(connection: Connection, method: Method, name: string, defaults: ClientDefaults) {
  const { compression } = defaults;
  const complete = (options: CallOptions): CallOptions => ({
    ...options,
    ...mergeFlowOptions(options, defaults),
    compression: options.compression ?? compression,
  });
  const wrapped = wrap(
    (request$, options) => call(connection, method, request$, complete(checkCallOptions(name, options))),
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
      return call(connection, method, request, options === noOptions ? completeNoOptions : complete(options), made);
    }
    const request$ = isObservable(request) ? request : of(request);
    const begin = (subscriber: Subscriber<unknown>, trace: Trace): void => {
      // A call that its middleware lets wait is none yet that closing the client would end.
      const abort = (details: string): void =>
        subscriber.error(
          attachCallSite(markReceived(new RpcError(Code.CANCELLED, details, { path: method.path })), trace),
        );
      if (connection.isClosed) {
        abort('the client is closed');
        return;
      }
      subscriber.add(connection.behindMiddleware.add(abort));
      wrapped(request$, { ...options, [subscribedAt]: trace }).subscribe(subscriber);
    };
    return new TracedCall(method.path, begin, made);
  };
  return Object.defineProperty(rpc, clientMethod, { value: true });
}

const noOptions: CallOptions = {};
