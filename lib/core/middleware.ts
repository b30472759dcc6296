import { isObservable, Observable } from 'rxjs';
import type { ServiceOf } from '../foreign/service-of.ts';
import { captureContext } from './async-context.ts';
import type { ServerCall } from './server-call.ts';
import {
  type CallOptions,
  type IsAny,
  isPlainObject,
  kindOf,
  type Method,
  type MethodInfo,
  type NameOf,
  type ReadOf,
  type WriteOf,
} from './service.ts';

/** One RPC as middleware sees it, on both sides: its requests and what is known of the call become its responses. */
export type Rpc<Call, I = any, O = any> = (request$: Observable<I>, call: Call) => Observable<O>;

/**
 * Stands before an RPC: takes it and gives one in its place. It is called once for each method; what it gives is called once
 * for each call, when the response is subscribed to. One that says nothing of the side works on both.
 */
export type Middleware = <Call extends CallOptions | ServerCall>(rpc: Rpc<Call>, method: MethodInfo) => Rpc<Call>;

/** Middleware of a client: the call is its options, which it may change on the way (`{ ...options, timeoutMs: 500 }`). */
export type ClientMiddleware<I = any, O = any> = (
  rpc: Rpc<CallOptions, I, O>,
  method: MethodInfo,
) => Rpc<CallOptions, I, O>;

/** Middleware of a server: the call is the {@link ServerCall}, which it passes on as it is. */
export type ServerMiddleware<I = any, O = any> = (
  rpc: Rpc<ServerCall, I, O>,
  method: MethodInfo,
) => Rpc<ServerCall, I, O>;

/** Middleware for all methods of a service, or an object with middleware for those it names, each knowing its messages. */
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

/** Several middlewares as one; the first is the outermost: it sees the call first and its responses last. */
export function compose(...middleware: readonly Middleware[]): Middleware;
export function compose(...middleware: readonly ServerMiddleware[]): ServerMiddleware;
export function compose(...middleware: readonly ClientMiddleware[]): ClientMiddleware;
export function compose(...middleware: readonly AnyMiddleware[]): AnyMiddleware {
  for (const one of middleware) check('compose', one);
  return (rpc, method) => middleware.reduceRight((inner, outer) => put(outer, inner, method), rpc);
}

type AnyMiddleware = (rpc: Rpc<any>, method: MethodInfo) => Rpc<any>;

/** What options take as middleware, for all methods or by name. */
export type MiddlewareList = readonly (AnyMiddleware | Readonly<Record<string, AnyMiddleware | undefined>>)[];

/**
 * Refuses what is no list of middleware for methods of these names.
 *
 * @throws TypeError that names what came.
 */
export function checkMiddleware(of: string, middleware: unknown, names?: readonly string[]): void {
  if (middleware === undefined) return;
  if (!Array.isArray(middleware))
    throw new TypeError(`${of}: expected middleware to be a list, got ${kindOf(middleware)}`);
  for (const one of middleware) {
    if (names === undefined || !isPlainObject(one)) check(of, one);
    else {
      for (const [name, named] of Object.entries(one)) {
        if (!names.includes(name)) {
          throw new TypeError(`${of}: middleware is given for "${name}", the methods are ${names.join(', ')}`);
        }
        if (named !== undefined) check(of, named);
      }
    }
  }
}

/** An RPC with its middleware before it; undefined when none applies to it. */
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
  return applied.reduceRight((inner, outer) => put(outer, inner, method), behindMiddleware(rpc, method));
}

/** One middleware before an RPC. What it gives in place of a function or an Observable is found here and not somewhere below. */
function put(outer: AnyMiddleware, inner: Rpc<any>, method: MethodInfo): Rpc<any> {
  const expected = `${method.path}: expected ${outer.name === '' ? 'middleware' : `the middleware ${outer.name}`}`;
  const rpc: unknown = outer(inner, method);
  if (typeof rpc !== 'function') {
    throw new TypeError(`${expected} to give a function (request$, call), got ${kindOf(rpc)}`);
  }
  return (request$, call) => {
    const inContext = captureContext();
    const response$: unknown = rpc(request$, call);
    if (isObservable(response$)) return subscribedIn(inContext, response$);
    const hint = response$ instanceof Promise ? '; what is awaited first goes into from(...).pipe(mergeMap(...))' : '';
    throw new TypeError(`${expected} to return an Observable of responses, got ${kindOf(response$)}${hint}`);
  };
}

/** What the call itself is given by its middleware: of the options a client knows what is wrong with them. */
function behindMiddleware(rpc: Rpc<any>, { path }: MethodInfo): Rpc<any> {
  return (request$, call) => {
    if (isObservable(request$)) return subscribedIn(captureContext(), rpc(request$, call));
    throw new TypeError(`${path}: expected middleware to pass on an Observable of requests, got ${kindOf(request$)}`);
  };
}

/** `storage.run(store, () => rpc(request$, call))` holds for all that the RPC does, though it is subscribed to later. */
function subscribedIn<T>(inContext: ReturnType<typeof captureContext>, response$: Observable<T>): Observable<T> {
  if (inContext === undefined) return response$;
  return new Observable(output => {
    inContext(() => response$.subscribe(output));
  });
}

function check(of: string, one: unknown): void {
  if (typeof one !== 'function') {
    throw new TypeError(`${of}: expected middleware to be a function (rpc, method) => rpc, got ${kindOf(one)}`);
  }
}
