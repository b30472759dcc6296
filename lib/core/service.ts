import type { CallCredentials, Metadata } from '@grpc/grpc-js';
import type { Observable, ObservableInput } from 'rxjs';
import { type ServiceOf, serviceOf } from '../foreign/service-of.ts';
import type { FlowOptions } from './flow-options.ts';
import type { IsAny, Method, ReadOf, WriteOf } from './method.ts';
import type { ServerCall } from './server-call.ts';

export type { IsAny, Message, Method, ReadOf, Service, WriteOf } from './method.ts';

/**
 * One RPC of a client. Nothing happens before its result is subscribed to; each subscription is a call of its own.
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

/** The client of a service: a function for each RPC, its name with the first letter lowered. */
export type ClientOf<S> = ClientOfMethods<ServiceOf<S>>;
type ClientOfMethods<S> =
  IsAny<S> extends true
    ? any
    : { readonly [K in keyof S as NameOf<S, K>]: ClientMethod<S[K]> } & Disposable & AsyncDisposable;

/** One RPC of a server: called once for each incoming call; what it returns is the response, its end the call's end. */
export type Handler<M> =
  IsAny<M> extends true
    ? UntypedHandler
    : M extends Method<infer I, infer O, boolean, boolean>
      ? (request$: Observable<ReadOf<I>>, call: ServerCall) => ObservableInput<WriteOf<O>>
      : never;

/** The implementation of a service: a handler for each RPC, its name with the first letter lowered. */
export type Implementation<S> = ImplementationOfMethods<ServiceOf<S>>;
type ImplementationOfMethods<S> =
  IsAny<S> extends true
    ? { readonly [method: string]: UntypedHandler } | object // an object may be of a class, which has no index signature
    : { readonly [K in keyof S as NameOf<S, K>]: Handler<S[K]> };

type UntypedHandler = (request$: Observable<any>, call: ServerCall) => ObservableInput<any>;

/** Definitions generated for grpc-js have an index signature beside their methods, which says nothing; some have nothing else. */
export type NameOf<S, K> = [keyof { [N in keyof S as Named<N>]: 0 }] extends [never]
  ? K
  : Uncapitalize<Named<K> & string>;
type Named<K> = string extends K ? never : number extends K ? never : K;

/** Metadata as grpc-js has it, or a plain object; keys that end in `-bin` take bytes. */
export type MetadataInput = Metadata | Readonly<Record<string, MetadataValueInput | readonly MetadataValueInput[]>>;
type MetadataValueInput = string | Uint8Array;

/** What can be said of one call of a client. */
export interface CallOptions extends FlowOptions {
  /** Sent as request headers. */
  readonly metadata?: MetadataInput | undefined;
  /** When the call ends with DEADLINE_EXCEEDED. Default: never. The earliest of `deadline`, `timeoutMs` and the parent's wins. */
  readonly deadline?: Date | undefined;
  /** Milliseconds from the subscription to DEADLINE_EXCEEDED; 0 or more. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call when it aborts: response$ errors with CANCELLED, the signal's reason as its cause. */
  readonly signal?: AbortSignal | undefined;
  /** The incoming call on whose behalf this one is made: its deadline and cancellation pass on, its metadata does not. */
  readonly parent?: ServerCall | undefined;
  /** Called at most once, with the response headers, before the first response. */
  readonly onHeaders?: ((headers: Metadata) => void) | undefined;
  /**
   * Called with the trailers when the call's status has come, before response$ completes or errors: not when it was unsubscribed
   * from or cut short on this side (by its signal, its parent, `close()`).
   */
  readonly onTrailers?: ((trailers: Metadata) => void) | undefined;
  /** Wait for a connection instead of failing with UNAVAILABLE. Default: false. */
  readonly waitForReady?: boolean | undefined;
  /**
   * Adds metadata of its own, a token for instance, to that of the call and of the client's credentials. It is not sent over a
   * plaintext connection: then the call ends with UNAUTHENTICATED before anything is sent. A Client or Channel of grpc-js that
   * was handed to connect() is its owner's to secure.
   */
  readonly credentials?: CallCredentials | undefined;
  /**
   * How requests are compressed. Default: that of the client, which by default is `identity`. It belongs to a connection: a call
   * with another than its client's opens one more, and over a Client or Channel that was handed to connect() it is a TypeError.
   * Responses are as their server sends them; those of grpc-js are never compressed.
   */
  readonly compression?: Compression | undefined;
  /** Sent as `:authority` instead of the target's host. */
  readonly host?: string | undefined;
}

/** As gRPC names them; `identity` is none. */
export type Compression = 'identity' | 'deflate' | 'gzip';

/** What a middleware learns of the RPC it stands before. */
export type MethodInfo = Pick<Method, 'path' | 'requestStream' | 'responseStream'>;

/** What recognises a method of a client of ours: handed over as an implementation it passes its status through. */
export const clientMethod: unique symbol = Symbol.for('rx-grpc.clientMethod') as never;

export function isClientMethod(value: unknown): boolean {
  return typeof value === 'function' && (value as { [clientMethod]?: true })[clientMethod] === true;
}

/**
 * The methods of a service, each with its name on clients and implementations.
 *
 * @throws TypeError when this is no service, or two of its methods have one name.
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

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Refuses what are no options, and options that do not exist.
 *
 * @throws TypeError that names what came, or the option and those there are.
 */
export function checkOptions(of: string, options: unknown, known: readonly string[]): void {
  if (!isPlainObject(options))
    throw new TypeError(`${of}: expected options to be a plain object, got ${kindOf(options)}`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`${of}: there is no option "${key}"; there are ${known.join(', ')}`);
  }
}

/** What something is, for a message about what was expected instead. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'without prototype'})`;
  return typeof value === 'function' ? 'a function' : `${typeof value} ${JSON.stringify(String(value))}`;
}
