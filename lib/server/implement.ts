import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServerChannel } from '../call/message-channel.ts';
import { checkFlowOptions, type FlowOptions, flowOptions, mergeFlowOptions } from '../core/call-options.ts';
import type { Method, Service } from '../core/method.ts';
import { checkMiddleware, type MiddlewareList, type Rpc, type ServerMiddlewareOf, wrap } from '../core/middleware.ts';
import { type Implementation, isClientMethod, methodsOf } from '../core/service.ts';
import { checkOptions, kindOf } from '../core/validate.ts';
import { adjustGrpcJs } from '../grpc-js/adjust.ts';
import { grpcDefinition, grpcImplementation } from '../grpc-js/service-definition.ts';
import { handlerCall, type Served } from './handler-call.ts';
import { type AnyHandler, behindMiddleware, handlerRpc } from './handler-rpc.ts';
import { defaultContext, type ServerContext } from './server-context.ts';

/**
 * A service with its implementation, for {@link serve}, or for `server.addService(s.definition, s.implementation)` of a
 * grpc-js server.
 */
export interface Bound<S = any> {
  /** For the type of {@link loopback}'s client alone. */
  readonly service?: S;

  /** All methods as stream/stream calls of bytes: the shapes are looked after by the implementation. */
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** Serves the calls of one method. */
export type Serve = (channel: ServerChannel) => void;

const bindings = new WeakMap<Bound, (context: ServerContext) => ReadonlyMap<string, Serve>>();

/** Serves the methods of a service, by their names; undefined for a service that is not implement()'s. */
export function bindTo(context: ServerContext, service: Bound): ReadonlyMap<string, Serve> | undefined {
  return bindings.get(service)?.(context);
}

/** The flow options hold for the calls of this service; what they leave open is the server's. */
export interface ImplementOptions<S = any> extends FlowOptions {
  /** Stands before the handlers, behind the server's; an object of them by method name is for those methods alone. */
  readonly middleware?: readonly ServerMiddlewareOf<S>[] | undefined;
}

/** See {@link implement}. */
export interface Implement {
  <S extends Readonly<Record<string, any>>>(
    service: S,
    implementation: Implementation<NoInfer<S>>,
    options?: ImplementOptions<NoInfer<S>>,
  ): Bound<S>;
  /** The same, and methods that are left out are answered with UNIMPLEMENTED. */
  partial<S extends Readonly<Record<string, any>>>(
    service: S,
    implementation: Partial<Implementation<NoInfer<S>>>,
    options?: ImplementOptions<NoInfer<S>>,
  ): Bound<S>;
}

/**
 * A service with the functions that serve it, one for each RPC, its name with the first letter lowered. Each is called
 * once for each incoming call, with the requests and the {@link ServerCall}, as a method of the implementation. It returns
 * the responses: an Observable, a promise, or an (async) iterable, which waits when the caller does not read.
 *
 * How it ends is the call's end: completion is OK; an {@link RpcError} is its status; any other error is UNKNOWN without
 * its message, and the server's `onError` is told. An implementation that is a client of connect() is a proxy.
 *
 * @throws TypeError when there is no such method, or one is missing.
 */
export const implement: Implement = Object.assign(
  (service: Service, implementation: object, options?: ImplementOptions) =>
    bind(service, implementation, false, options),
  {
    partial: (service: Service, implementation: object, options?: ImplementOptions) =>
      bind(service, implementation, true, options),
  },
);

interface Implemented {
  readonly name: string;
  readonly method: Method;
  readonly base: Rpc<any>;
  /** With the middleware of the service before it; undefined where there is none. */
  readonly wrapped: Rpc<any> | undefined;
}

function bind(
  service: Service,
  implementation: object,
  isPartial: boolean,
  options: ImplementOptions = {},
): Bound<any> {
  adjustGrpcJs();
  checkOptions('implement', options, ['middleware', ...flowOptions]);
  checkFlowOptions('implement', options);
  const methods = methodsOf(service);
  if (typeof implementation !== 'object' || implementation === null) {
    throw new TypeError(`implement: expected an object with a function for each RPC, got ${kindOf(implementation)}`);
  }
  const names = methods.map(([name]) => name);
  checkMiddleware('implement', options.middleware, names);
  for (const key of Object.keys(implementation)) {
    const value = (implementation as Record<string, unknown>)[key];
    if (typeof value === 'function' && isPlain(implementation) && !names.includes(key)) {
      throw new TypeError(`implement: the service has no method "${key}"; it has ${names.join(', ')}`);
    }
  }
  const middleware = (options.middleware ?? []) as MiddlewareList;
  const rpcs: Implemented[] = [];
  for (const [name, method] of methods) {
    const handler = handlerOf(implementation, name);
    if (handler === undefined && isPartial) continue;
    if (typeof handler !== 'function') {
      throw new TypeError(
        `implement: expected a function for "${name}" (${method.path}), got ${kindOf(handler)}; ` +
          'implement.partial() answers those left out with UNIMPLEMENTED',
      );
    }
    const base = handlerRpc(handler.bind(implementation) as AnyHandler, isClientMethod(handler));
    rpcs.push({ name, method, base, wrapped: wrap(behindMiddleware(base), middleware, name, method) });
  }
  const serveWith = (context: ServerContext): ReadonlyMap<string, Serve> => {
    const serves = new Map<string, Serve>();
    for (const { name, method, base, wrapped } of rpcs) {
      const served: Served = {
        method: context.codecOf?.(method) ?? method,
        rpc: wrap(wrapped ?? behindMiddleware(base), context.middleware, name, method) ?? wrapped ?? base,
        flow: mergeFlowOptions(options, context.flow),
      };
      serves.set(name, channel => handlerCall(channel, served, context));
    }
    return serves;
  };
  const bound: Bound<any> = {
    service,
    definition: grpcDefinition(methods),
    implementation: grpcImplementation(serveWith(defaultContext())),
  };
  bindings.set(bound, serveWith);
  return bound;
}

/** An RPC may be called as what every object has: toString, or the constructor of its class. */
function handlerOf(implementation: object, name: string): unknown {
  if (name === 'constructor' && !Object.hasOwn(implementation, name)) return undefined;
  const handler = (implementation as Record<string, unknown>)[name];
  return handler === (Object.prototype as unknown as Record<string, unknown>)[name] ? undefined : handler;
}

/** A class may have functions that are no handlers. */
function isPlain(implementation: object): boolean {
  return Object.getPrototypeOf(implementation) === Object.prototype;
}
