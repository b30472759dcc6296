import type { CallCredentials, Metadata } from '@grpc/grpc-js';
import { type MetadataInput, toMetadata } from './metadata.ts';
import { isServerCall, type ServerCall } from './server-call.ts';
import { checkBoolean, checkDate, checkFunction, checkOptions, kindOf } from './validate.ts';

export type { CallCredentials };

/** The messages that a stream of grpc-js reads ahead; it has no option for fewer. */
const MIN_PREFETCH = 16;

/** The flow control of a call's messages, for one call or as the default of a client, a service or a server. */
export interface FlowOptions {
  /**
   * The most bytes of messages that wait to be sent because their source cannot wait. A message counts for at least 64 bytes.
   * A call that exceeds the limit ends with RESOURCE_EXHAUSTED. Default: 64 MiB.
   */
  readonly maxQueuedBytes?: number | undefined;
  /**
   * The messages to read ahead of their consumer, 16 or more. A larger number evens out a consumer of varying speed. Messages are
   * read in batches, when two thirds of them are left. Default: 8; 16 for calls over streams of grpc-js: with interceptors of a
   * client, over a Client or Channel given to connect(), and on a Server of grpc-js.
   */
  readonly prefetch?: number | undefined;
  /**
   * The call ends with ABORTED when its received messages have waited this many milliseconds for a consumer that takes none.
   * Waiting for a peer that does not read does not count. Default: none.
   */
  readonly stallTimeoutMs?: number | undefined;
}

/** The options of one call of a client. */
export interface CallOptions extends FlowOptions {
  /** Sent as request headers. */
  readonly metadata?: MetadataInput | undefined;
  /** The call ends with DEADLINE_EXCEEDED then. Default: never. The earliest of `deadline`, `timeoutMs` and the parent's applies. */
  readonly deadline?: Date | undefined;
  /** Milliseconds from the subscription to DEADLINE_EXCEEDED, 0 or more. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call when it aborts: response$ errors with CANCELLED, with the signal's reason as the cause. */
  readonly signal?: AbortSignal | undefined;
  /** The incoming call that makes this call. Its deadline and its cancellation pass on, its metadata does not. */
  readonly parent?: ServerCall | undefined;
  /** Called at most once, with the response headers, before the first response. */
  readonly onHeaders?: ((headers: Metadata) => void) | undefined;
  /**
   * Called with the trailers when the status has arrived, before response$ completes or errors. Not called when response$ is
   * unsubscribed, or when this side aborts the call (its signal, its parent, `close()`).
   */
  readonly onTrailers?: ((trailers: Metadata) => void) | undefined;
  /** Wait for a connection instead of failing with UNAVAILABLE. Default: false. */
  readonly waitForReady?: boolean | undefined;
  /**
   * Adds metadata, a token for instance, to that of the call and of the client's credentials. Over a plaintext connection the call
   * ends with UNAUTHENTICATED before anything is sent. A Client or Channel of grpc-js given to connect() is not checked.
   */
  readonly credentials?: CallCredentials | undefined;
  /**
   * The compression of requests. Default: that of the client, which by default is `identity`. Compression belongs to a connection:
   * a call with another than its client's opens one more connection. A TypeError over a Client or Channel given to connect().
   * The server chooses the compression of responses; a server of grpc-js sends them uncompressed.
   */
  readonly compression?: Compression | undefined;
  /** Sent as `:authority` instead of the target's host. */
  readonly host?: string | undefined;
}

/** gRPC's name of a compression; `identity` is none. */
export type Compression = 'identity' | 'deflate' | 'gzip';

/**
 * Adds metadata to the options of a call, for middleware of a client:
 * `rpc => (request$, call) => rpc(request$, withMetadata(call, { 'x-request-id': id }))`. Replaces the values of a key that is
 * there already. Returns new options; the given ones and their metadata stay as they are.
 *
 * @throws TypeError that names a key or a value that gRPC does not accept; RangeError above 40 KiB or 100 values.
 */
export function withMetadata(options: CallOptions, added: MetadataInput): CallOptions {
  const metadata: Metadata = toMetadata(options.metadata);
  const more = toMetadata(added);
  for (const key of Object.keys(more.getMap())) {
    metadata.remove(key);
    for (const value of more.get(key)) metadata.add(key, value);
  }
  return { ...options, metadata };
}

/** The names of the {@link FlowOptions}. */
export const flowOptions: readonly (keyof FlowOptions)[] = ['maxQueuedBytes', 'prefetch', 'stallTimeoutMs'];

const callOptions: readonly (keyof CallOptions)[] = [
  'metadata',
  'deadline',
  'timeoutMs',
  'signal',
  'parent',
  'onHeaders',
  'onTrailers',
  'waitForReady',
  'credentials',
  'compression',
  'host',
  ...flowOptions,
];

const compressions: readonly Compression[] = ['identity', 'deflate', 'gzip'];

/** @throws TypeError that names the compressions there are. */
export function checkCompression(apiName: string, compression: unknown): void {
  if (compression === undefined || compressions.includes(compression as Compression)) return;
  throw new TypeError(
    `${apiName}: expected compression to be one of ${compressions.join(', ')}, got ${kindOf(compression)}`,
  );
}

/**
 * Checks the options of a call. A ServerCall stands for `{ parent: call }`.
 *
 * @throws TypeError, RangeError that name the option, what was expected and what came.
 */
export function checkCallOptions(name: string, given: CallOptions | ServerCall): CallOptions {
  if (isServerCall(given)) return { parent: given };
  if (typeof given === 'number') {
    throw new TypeError(
      `${name}: expected options to be a plain object or a ServerCall, got number ${given}; ` +
        `is it the index that RxJS passes? Write request => client.${name}(request)`,
    );
  }
  checkOptions(name, given, callOptions);
  const { metadata, deadline, timeoutMs, signal, parent, waitForReady } = given as CallOptions;
  checkDate(name, 'deadline', deadline);
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw new RangeError(`${name}: expected timeoutMs to be 0 or more milliseconds, got ${kindOf(timeoutMs)}`);
  }
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError(`${name}: expected signal to be an AbortSignal, got ${kindOf(signal)}`);
  }
  if (parent !== undefined && !isServerCall(parent)) {
    throw new TypeError(`${name}: expected parent to be the ServerCall of a handler, got ${kindOf(parent)}`);
  }
  checkFlowOptions(name, given as CallOptions);
  for (const option of ['onHeaders', 'onTrailers'] as const) {
    checkFunction(name, option, (given as CallOptions)[option]);
  }
  checkBoolean(name, 'waitForReady', waitForReady);
  const { credentials, compression, host } = given as CallOptions;
  if (credentials !== undefined && typeof credentials?.generateMetadata !== 'function') {
    throw new TypeError(`${name}: expected credentials to be CallCredentials of grpc-js, got ${kindOf(credentials)}`);
  }
  checkCompression(name, compression);
  if (host !== undefined && typeof host !== 'string') {
    throw new TypeError(`${name}: expected host to be a string, got ${kindOf(host)}`);
  }
  if (metadata !== undefined) toMetadata(metadata);
  return given as CallOptions;
}

/** @throws RangeError that names the option, what was expected and what came. */
export function checkFlowOptions(apiName: string, { maxQueuedBytes, prefetch, stallTimeoutMs }: FlowOptions): void {
  const check = (name: string, value: unknown, from: number, what: string): void => {
    if (value === undefined || (typeof value === 'number' && value >= from)) return;
    throw new RangeError(`${apiName}: expected ${name} to be ${from} or more ${what}, got ${kindOf(value)}`);
  };
  check('maxQueuedBytes', maxQueuedBytes, 0, 'bytes');
  check('prefetch', prefetch, MIN_PREFETCH, 'messages');
  check('stallTimeoutMs', stallTimeoutMs, 1, 'milliseconds');
}

/** For each option, takes the first value that is given. */
export function mergeFlowOptions(...all: readonly FlowOptions[]): FlowOptions {
  const merged: { -readonly [K in keyof FlowOptions]: FlowOptions[K] } = {};
  for (const options of all) {
    for (const name of flowOptions) merged[name] ??= options[name];
  }
  return merged;
}
