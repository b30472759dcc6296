import type { PeerCertificate } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';
import type { MetadataInput } from './metadata.ts';
import type { MethodInfo } from './method.ts';
import type { RpcError } from './rpc-error.ts';

/** An incoming call, for its handler. As the options of a further call it stands for `{ parent: call }`. */
export interface ServerCall {
  readonly [serverCall]: true;
  /** `/package.Service/Method` */
  readonly path: string;
  /** Path and shape of the RPC. */
  readonly method: MethodInfo;
  /** The request headers. */
  readonly metadata: Metadata;
  /** The caller's address. */
  readonly peer: string;
  /** The caller's deadline, or an earlier one that middleware has set; undefined without either. */
  readonly deadline: Date | undefined;
  /** Aborts when the call is cancelled, its deadline passes or its connection is lost; never after a call that ended normally. */
  readonly signal: AbortSignal;
  /**
   * Emits the reason (CANCELLED, DEADLINE_EXCEEDED, ...) and completes when the call is aborted, or at once if it has been already.
   * Completes without a value when the call ends normally.
   */
  readonly cancelled$: Observable<RpcError>;
  /**
   * Emits and completes when the server starts to shut down or the connection reaches its maximum age (`connectionAge`), or at once
   * if it has already. Completes without a value when the call ends. `request$.pipe(takeUntil(call.draining$))` ends a long stream
   * normally.
   */
  readonly draining$: Observable<void>;
  /**
   * The caller's verified TLS certificate. Undefined over plaintext, and on a server that requests no certificates
   * ({@link ServerTls.ca}).
   */
  readonly peerCertificate: PeerCertificate | undefined;
  /** Values that middleware has set for the call, an identity for instance. */
  readonly context: CallContext;
  /** Sends the response headers now. @throws Error when they have been sent already, by this method or with the first response. */
  sendHeaders(headers: MetadataInput): void;
  /** Sent with the status when the call ends. */
  readonly trailers: Metadata;
}

/** Marks a {@link ServerCall}. The same symbol in every copy of this library. */
export const serverCall: unique symbol = Symbol.for('rx-grpc.ServerCall') as never;

/** Internal: listens for the abortion of a {@link ServerCall}. */
export const onCancelled: unique symbol = Symbol.for('rx-grpc.onCancelled') as never;

/** Internal: sets an earlier deadline of a {@link ServerCall}. */
export const limitDeadline: unique symbol = Symbol.for('rx-grpc.limitDeadline') as never;

/** A ServerCall with its internal methods. */
export interface ParentCall extends ServerCall {
  /** Calls back with the reason when the call is aborted, or at once if it has been already. Returns a function that removes the listener. */
  [onCancelled](cancelled: (reason: RpcError) => void): () => void;
  /** Ends the call with DEADLINE_EXCEEDED and these details at the deadline, unless it has an earlier one. */
  [limitDeadline](deadline: Date, details: string): void;
}

/** False for a copy made with `{ ...call }`: it lacks the inherited members. */
export function isServerCall(value: unknown): value is ParentCall {
  if (typeof value !== 'object' || value === null || (value as Partial<ParentCall>)[serverCall] !== true) return false;
  return typeof (value as Partial<ParentCall>)[onCancelled] === 'function';
}

/** The key of a value in a {@link CallContext}, with the type of the value. Each {@link contextKey} call makes a new key. */
export interface ContextKey<T> {
  /** For error texts and logs. */
  readonly name: string;
  /** The value for a call on which none was set. */
  readonly defaultValue: T;
}

/**
 * Makes a key for {@link ServerCall.context}, by which middleware sets a value and handlers get it, with its type.
 *
 * @param defaultValue the value for a call on which none was set. Default: undefined.
 */
export function contextKey<T>(name: string): ContextKey<T | undefined>;
export function contextKey<T>(name: string, defaultValue: T): ContextKey<T>;
export function contextKey<T>(name: string, defaultValue?: T): ContextKey<T | undefined> {
  return Object.freeze({ name, defaultValue });
}

/** The values of one call by key. */
export class CallContext {
  readonly #values = new Map<ContextKey<any>, unknown>();

  get<T>(key: ContextKey<T>): T {
    return this.#values.has(key) ? (this.#values.get(key) as T) : key.defaultValue;
  }

  /** Returns the context. */
  set<T>(key: ContextKey<T>, value: T): this {
    this.#values.set(key, value);
    return this;
  }
}
