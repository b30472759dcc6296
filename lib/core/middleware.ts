import { isObservable, Observable } from 'rxjs';
import type { ServiceOf } from '../foreign/service-of.ts';
import { captureContext } from './async-context.ts';
import type { CallOptions } from './call-options.ts';
import type { IsAny, Method, MethodInfo, ReadOf, WriteOf } from './method.ts';
import type { ServerCall } from './server-call.ts';
import type { NameOf } from './service.ts';
import { isPlainObject, kindOf } from './validate.ts';

/** One RPC for middleware, on either side: a function from the requests and the call to the responses. */
export type Rpc<Call, I = any, O = any> = (request$: Observable<I>, call: Call) => Observable<O>;

/**
 * Wraps an RPC: takes it and returns another in its place. A middleware is called once for each method; the RPC that it returns
 * is called once for each call, when the response is subscribed to. A middleware of this type works on both sides.
 */
export type Middleware = <Call extends CallOptions | ServerCall>(rpc: Rpc<Call>, method: MethodInfo) => Rpc<Call>;

/** Middleware of a client. The call is its options, which a middleware may change: `{ ...options, timeoutMs: 500 }`. */
export type ClientMiddleware<I = any, O = any> = (
  rpc: Rpc<CallOptions, I, O>,
  method: MethodInfo,
) => Rpc<CallOptions, I, O>;

/** Middleware of a server. The call is the {@link ServerCall}, which a middleware passes on as it is. */
export type ServerMiddleware<I = any, O = any> = (
  rpc: Rpc<ServerCall, I, O>,
  method: MethodInfo,
) => Rpc<ServerCall, I, O>;

/** Middleware for all methods of a service, or an object of middleware by method name, typed by the method's messages. */
export type ClientMiddlewareOf<S> = ClientMiddleware | ClientMiddlewareByName<ServiceOf<S>>;

type ClientMiddlewareByName<S> =
  IsAny<S> extends true
    ? Readonly<Record<string, ClientMiddleware<any, any>>>
    : {
        readonly [K in keyof S as NameOf<S, K>]?: S[K] extends Method<infer I, infer O, boolean, boolean>
          ? ClientMiddleware<WriteOf<I>, ReadOf<O>>
          : never;
      };

/** See {@link ClientMiddlewareOf}. */
export type ServerMiddlewareOf<S> = ServerMiddleware | ServerMiddlewareByName<ServiceOf<S>>;

type ServerMiddlewareByName<S> =
  IsAny<S> extends true
    ? Readonly<Record<string, ServerMiddleware<any, any>>>
    : {
        readonly [K in keyof S as NameOf<S, K>]?: S[K] extends Method<infer I, infer O, boolean, boolean>
          ? ServerMiddleware<ReadOf<I>, WriteOf<O>>
          : never;
      };

/** Combines middleware into one. The first is the outermost: it gets the call first and the responses last. */
export function compose(...middleware: readonly Middleware[]): Middleware;
export function compose(...middleware: readonly ServerMiddleware[]): ServerMiddleware;
export function compose(...middleware: readonly ClientMiddleware[]): ClientMiddleware;
export function compose(...middleware: readonly AnyMiddleware[]): AnyMiddleware {
  for (const one of middleware) check('compose', one);
  return (rpc, method) => middleware.reduceRight((inner, outer) => apply(outer, inner, method), rpc);
}

type AnyMiddleware = (rpc: Rpc<any>, method: MethodInfo) => Rpc<any>;

/** The `middleware` option: each is for all methods, or an object of middleware by method name. */
export type MiddlewareList = readonly (AnyMiddleware | Readonly<Record<string, AnyMiddleware | undefined>>)[];

/**
 * Checks a list of middleware, and its method names if these are known.
 *
 * @throws TypeError that names what was given.
 */
export function checkMiddleware(apiName: string, middleware: unknown, names?: readonly string[]): void {
  if (middleware === undefined) return;
  if (!Array.isArray(middleware))
    throw new TypeError(`${apiName}: expected middleware to be a list, got ${kindOf(middleware)}`);
  for (const one of middleware) {
    if (names === undefined || !isPlainObject(one)) check(apiName, one);
    else {
      for (const [name, named] of Object.entries(one)) {
        if (!names.includes(name)) {
          throw new TypeError(`${apiName}: middleware is given for "${name}", the methods are ${names.join(', ')}`);
        }
        if (named !== undefined) check(apiName, named);
      }
    }
  }
}

/** An RPC with its middleware, or undefined if none applies to it. */
export function wrap(
  rpc: Rpc<any>,
  middleware: MiddlewareList | undefined,
  name: string,
  method: MethodInfo,
): Rpc<any> | undefined {
  const applied = (middleware ?? [])
    .map(one => (typeof one === 'function' ? one : Object.hasOwn(one, name) ? one[name] : undefined))
    .filter(one => one !== undefined);
  if (applied.length === 0) return undefined;
  return applied.reduceRight((inner, outer) => apply(outer, inner, method), behindMiddleware(rpc, method));
}

/** Applies one middleware to an RPC. Checks what it returns, so that an error names the middleware. */
function apply(outer: AnyMiddleware, inner: Rpc<any>, method: MethodInfo): Rpc<any> {
  const expected = `${method.path}: expected ${outer.name === '' ? 'middleware' : `the middleware ${outer.name}`}`;
  const rpc: unknown = outer(inner, method);
  if (typeof rpc !== 'function') {
    throw new TypeError(`${expected} to return a function (request$, call), got ${kindOf(rpc)}`);
  }
  return (request$, call) => {
    const inContext = captureContext();
    const response$: unknown = rpc(request$, call);
    if (isObservable(response$)) return subscribedIn(inContext, response$);
    const hint =
      response$ instanceof Promise ? '; to await something first, use from(promise).pipe(mergeMap(...))' : '';
    throw new TypeError(`${expected} to return an Observable of responses, got ${kindOf(response$)}${hint}`);
  };
}

/** The call itself behind its middleware. Checks the requests; a client checks the options itself. */
function behindMiddleware(rpc: Rpc<any>, { path }: MethodInfo): Rpc<any> {
  return (request$, call) => {
    if (isObservable(request$)) return subscribedIn(captureContext(), rpc(request$, call));
    throw new TypeError(`${path}: expected middleware to pass on an Observable of requests, got ${kindOf(request$)}`);
  };
}

/** Subscribes in the async context of the RPC's call: `storage.run(store, () => rpc(request$, call))` covers all its work. */
function subscribedIn<T>(inContext: ReturnType<typeof captureContext>, response$: Observable<T>): Observable<T> {
  if (inContext === undefined) return response$;
  return new Observable(output => {
    inContext(() => response$.subscribe(output));
  });
}

function check(apiName: string, one: unknown): void {
  if (typeof one !== 'function') {
    throw new TypeError(`${apiName}: expected middleware to be a function (rpc, method) => rpc, got ${kindOf(one)}`);
  }
}
