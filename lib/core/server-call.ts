import type { PeerCertificate } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';
import type { CallContext } from './call-context.ts';
import type { RpcError } from './rpc-error.ts';
import type { MetadataInput, MethodInfo } from './service.ts';

/** An incoming call, as its handler sees it. Given as options of a further call it stands for `{ parent: call }`. */
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
  /** When the caller stops waiting, or a middleware's time limit ends; undefined when there is neither. */
  readonly deadline: Date | undefined;
  /** Aborts when the call is cancelled, its deadline passes or its connection is lost; never after it ended well. */
  readonly signal: AbortSignal;
  /**
   * Emits why the call was cut short (CANCELLED, DEADLINE_EXCEEDED ...) and completes, at once if it was already; completes
   * without a value when the call ends by itself.
   */
  readonly cancelled$: Observable<RpcError>;
  /**
   * Emits and completes when the server begins to shut down, or the connection has reached its age (`connectionAge`), at once if
   * that was before; completes without a value when the call ends. `request$.pipe(takeUntil(call.draining$))` ends a long stream well.
   */
  readonly draining$: Observable<void>;
  /**
   * The certificate that the caller showed, verified: its TLS identity. Undefined over plaintext, and where the server asks for
   * none ({@link ServerTls.ca}).
   */
  readonly peerCertificate: PeerCertificate | undefined;
  /** What middleware has found out about the call, an identity for instance. */
  readonly context: CallContext;
  /** Sends the response headers now. @throws Error when they have been sent already, by this or by the first response. */
  sendHeaders(headers: MetadataInput): void;
  /** Sent with the status when the call ends. */
  readonly trailers: Metadata;
}

/** What recognises a {@link ServerCall}, in every copy of this library. */
export const serverCall: unique symbol = Symbol.for('rx-grpc.ServerCall') as never;

/** What tells a {@link ServerCall}'s children of its end; between the rooms of this library only. */
export const onCancelled: unique symbol = Symbol.for('rx-grpc.onCancelled') as never;

/** What makes the deadline of a {@link ServerCall} an earlier one; between the rooms of this library only. */
export const limitDeadline: unique symbol = Symbol.for('rx-grpc.limitDeadline') as never;

/** A ServerCall with what only this library may use of it. */
export interface ParentCall extends ServerCall {
  /** Calls back, with the reason, when the call is cut short, at once if it was already; returns its undo. */
  [onCancelled](cancelled: (reason: RpcError) => void): () => void;
  /** At the deadline, if the call has no earlier one, it is cut short and its caller told DEADLINE_EXCEEDED with these details. */
  [limitDeadline](deadline: Date, details: string): void;
}

/** One that was spread (`{ ...call }`) is none any more: it has lost what it inherits. */
export function isServerCall(value: unknown): value is ParentCall {
  if (typeof value !== 'object' || value === null || (value as Partial<ParentCall>)[serverCall] !== true) return false;
  return typeof (value as Partial<ParentCall>)[onCancelled] === 'function';
}
