import type { Server as GrpcServer, ServerCredentials, ServerOptions } from '@grpc/grpc-js';
import { type Observable, ReplaySubject } from 'rxjs';
import { inOwnContext } from '../backpressure/in-own-context.ts';
import { keepsNothing } from '../codec/received.ts';
import { checkFlowOptions, type FlowOptions, flowOptions } from '../core/call-options.ts';
import { checkMiddleware, type MiddlewareList, type ServerMiddleware } from '../core/middleware.ts';
import type { ServerCall } from '../core/server-call.ts';
import { methodsOf } from '../core/service.ts';
import { checkBoolean, checkOptions, kindOf } from '../core/validate.ts';
import type { ConnectionAge } from '../grpc-js/connection-ages.ts';
import type { ServerKeepalive } from '../grpc-js/keepalive.ts';
import { type GrpcService, openServer, type ServerTls } from '../grpc-js/server.ts';
import type { ShutdownOptions, ShutdownReport } from '../grpc-js/shutdown.ts';
import { type Bound, bindTo } from './implement.ts';
import { defaultContext, type ServerContext } from './server-context.ts';

/** What every server may be told; the flow options are the defaults of its services. */
export interface ServerDefaults extends FlowOptions {
  /** Stands before all calls, the first one outermost, and before the middleware of the services. */
  readonly middleware?: readonly ServerMiddleware[] | undefined;
  /** Told of each error of a handler that its caller is not shown. Default: prints it with console.error. */
  readonly onError?: ((error: unknown, call: ServerCall) => void) | undefined;
}

export const serverDefaults: readonly (keyof ServerDefaults)[] = ['middleware', 'onError', ...flowOptions];

export interface ServeOptions extends ServerDefaults {
  /** For `https://`. */
  readonly tls?: ServerTls | undefined;
  /** grpc-js's own credentials, for whatever `tls` does not say. */
  readonly credentials?: ServerCredentials | undefined;
  /** Server options of grpc-js, interceptors among them; they see stream/stream calls of bytes. */
  readonly serverOptions?: ServerOptions | undefined;
  /**
   * Finds out a client that is gone without a word: its calls are cancelled, with no deadline too. Default: no pings; then a
   * handler that writes nothing may wait for ever. gRFC A9. (How often clients may ping is not limited by grpc-js.)
   */
  readonly keepalive?: ServerKeepalive | undefined;
  /**
   * How long a connection may be used: clients come back over new ones, to servers that have been added behind a load balancer
   * since. At the age `draining$` of its calls emits, those that begin meanwhile go to a new connection, and at the end of the
   * grace those that still run end with UNAVAILABLE, also of services that are not implement()'s. Default: for ever. gRFC A9;
   * grpc-js's `grpc.max_connection_age_ms` and `grpc.max_connection_age_grace_ms` in `serverOptions` mean the same.
   */
  readonly connectionAge?: ConnectionAge | undefined;
  /**
   * Whether small responses of a stream that come while a write is under way go into one write. None waits for others, and on the
   * wire they are the messages that they are. Default: true; false where their size to send is limited, there are interceptors or
   * channelz is on, and with a version of grpc-js that this was not tested with.
   */
  readonly coalesce?: boolean | undefined;
}

/** A server that listens. */
export interface Server extends AsyncDisposable {
  /** The bound address, in the form that it was given in: `http://127.0.0.1:40123`. Made for connect(). */
  readonly target: string;
  /** The bound port; 0 for a `unix:` address. */
  readonly port: number;
  /** The server of grpc-js underneath. */
  readonly grpc: GrpcServer;
  /**
   * Stops accepting, tells the calls that run through their `draining$`, waits for them, and ends with UNAVAILABLE those that
   * still run after the grace. Streams of responses of services that are not implement()'s have no `draining$`, so the grace is
   * not spent on them: they end with UNAVAILABLE as soon as no other call runs. Resolves when nothing is left, a fifth of a second
   * after the grace at the latest, with a report of each call that was cut. A second call gives the same promise.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
}

/**
 * Serves at an address, and resolves when it listens.
 *
 * @param address `http://host:port` (plaintext), `https://host:port` (TLS), or with credentials any address of grpc-js
 *   (`host:port`, `unix:`). Port 0 takes a free one.
 * @param services what implement() gave, or `{ definition, implementation }` of grpc-js.
 * @throws (rejects) TypeError, RangeError when an argument is of the wrong kind; Error when it cannot listen there.
 */
export async function serve(
  address: string,
  services: Bound | readonly Bound[],
  options: ServeOptions = {},
): Promise<Server> {
  checkOptions('serve', options, [
    'tls',
    'credentials',
    'serverOptions',
    'keepalive',
    'connectionAge',
    'coalesce',
    ...serverDefaults,
  ]);
  checkBoolean('serve', 'coalesce', options.coalesce);
  const draining$ = new ReplaySubject<void>(1);
  const context = serverContextOf('serve', options, draining$);
  const all: readonly Bound[] = Array.isArray(services) ? services : [services];
  const grpcServices = all.map(service => toGrpcService(service, context));
  const { live } = context;
  const { target, port, grpc, shutdown } = await openServer(address, grpcServices, { ...options, live, draining$ });
  const server: Server = { target, port, grpc, shutdown, [Symbol.asyncDispose]: shutdown as () => Promise<any> };
  context.live.belongTo(server);
  return server;
}

function toGrpcService(service: Bound, context: ServerContext): GrpcService {
  if (typeof service?.definition !== 'object' || typeof service.implementation !== 'object') {
    throw new TypeError(`serve: expected what implement() gives, or a list of them, got ${kindOf(service)}`);
  }
  const { definition, implementation } = service;
  const serves = bindTo(context, service);
  if (serves === undefined) return { definition, implementation };
  const methods = new Map(methodsOf(service.service as object));
  const direct = [...serves].map(([name, serve]) => {
    const { requestStream, requestDeserialize } = methods.get(name)!;
    return [name, { serve, requestStream, keepsNothing: keepsNothing(requestDeserialize) }] as const;
  });
  return { definition, implementation, direct: new Map(direct) };
}

/**
 * What the calls of a server share.
 *
 * @throws TypeError, RangeError when an option is of the wrong kind.
 */
export function serverContextOf(apiName: string, options: ServerDefaults, draining$: Observable<void>): ServerContext {
  checkFlowOptions(apiName, options);
  checkMiddleware(apiName, options.middleware);
  const { onError, middleware = [] } = options;
  if (onError !== undefined && typeof onError !== 'function') {
    throw new TypeError(`${apiName}: expected onError to be a function, got ${kindOf(onError)}`);
  }
  return {
    ...defaultContext(),
    flow: options,
    middleware: middleware as MiddlewareList,
    draining$: inOwnContext(draining$),
    ...(onError && { onError }),
  };
}
