import type { Observable, ObservableInput } from 'rxjs';
import { type ServiceOf, serviceOf } from '../foreign/service-of.ts';
import type { CallOptions } from './call-options.ts';
import type { IsAny, Method, ReadOf, WriteOf } from './method.ts';
import type { ServerCall } from './server-call.ts';
import { kindOf } from './validate.ts';

/**
 * One RPC of a client. The call starts when its result is subscribed to, and each subscription is a call of its own.
 * Unsubscribing cancels the call.
 */
export type ClientMethod<M> =
  IsAny<M> extends true
    ? any
    : M extends Method<infer I, infer O, infer RequestStream, boolean>
      ? (
          request: [RequestStream] extends [true] ? Observable<WriteOf<I>> : WriteOf<I> | Observable<WriteOf<I>>,
          options?: CallOptions | ServerCall,
        ) => Observable<ReadOf<O>>
      : never;

/** The client of a service: a function for each RPC, named like the RPC with a lower-case first letter. */
export type ClientOf<S> = ClientOfMethods<ServiceOf<S>>;
type ClientOfMethods<S> =
  IsAny<S> extends true
    ? any
    : { readonly [K in keyof S as NameOf<S, K>]: ClientMethod<S[K]> } & Disposable & AsyncDisposable;

/** One RPC of a server, called once for each incoming call. It returns the responses; when they end, the call ends. */
export type Handler<M> =
  IsAny<M> extends true
    ? UntypedHandler
    : M extends Method<infer I, infer O, boolean, boolean>
      ? (request$: Observable<ReadOf<I>>, call: ServerCall) => ObservableInput<WriteOf<O>>
      : never;

/** The implementation of a service: a handler for each RPC, named like the RPC with a lower-case first letter. */
export type Implementation<S> = ImplementationOfMethods<ServiceOf<S>>;
type ImplementationOfMethods<S> =
  IsAny<S> extends true
    ? { readonly [method: string]: UntypedHandler } | object // an instance of a class has no index signature
    : { readonly [K in keyof S as NameOf<S, K>]: Handler<S[K]> };

type UntypedHandler = (request$: Observable<any>, call: ServerCall) => ObservableInput<any>;

/** Service definitions generated for grpc-js have an index signature as well, which is ignored; some have nothing else. */
export type NameOf<S, K> = [keyof { [N in keyof S as Named<N>]: 0 }] extends [never]
  ? K
  : Uncapitalize<Named<K> & string>;
type Named<K> = string extends K ? never : number extends K ? never : K;

/** Marks a method of a client. As a handler (a proxy) such a method passes on the status of its call. */
export const clientMethod: unique symbol = Symbol.for('rx-grpc.clientMethod') as never;

export function isClientMethod(value: unknown): boolean {
  return typeof value === 'function' && (value as { [clientMethod]?: true })[clientMethod] === true;
}

/**
 * The methods of a service, with their names on clients and implementations.
 *
 * @throws TypeError when the value is not a service, or when two methods get the same name.
 */
export function methodsOf(service: object): readonly (readonly [name: string, method: Method])[] {
  const methods = typeof service === 'object' && service !== null ? Object.entries(serviceOf(service)) : [];
  if (methods.length === 0 || !methods.every(([, method]) => isMethod(method))) {
    const hint = typeof (service as { service?: unknown })?.service === 'object' ? '; its .service is one' : '';
    throw new TypeError(
      'expected a service: what load() gives under its name, a ServiceDefinition of grpc-js, or the service that ' +
        `ts-proto, protobuf-ts or protobuf-es generated; got ${kindOf(service)}${hint}`,
    );
  }
  const byName = new Map<string, Method>();
  for (const [key, method] of methods) {
    const name = key.charAt(0).toLowerCase() + key.slice(1);
    const other = byName.get(name);
    if (other) throw new TypeError(`two RPCs of a service would be called ${name}: ${other.path} and ${method.path}`);
    byName.set(name, method);
  }
  return [...byName];
}

function isMethod(method: Partial<Method> | null | undefined): boolean {
  return typeof method?.path === 'string' && typeof method.requestSerialize === 'function';
}
