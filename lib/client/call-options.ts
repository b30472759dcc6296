import { checkFlowOptions, flowOptions } from '../core/flow-options.ts';
import { toMetadata } from '../core/metadata.ts';
import { isServerCall, type ServerCall } from '../core/server-call.ts';
import { type CallOptions, type Compression, checkOptions, kindOf } from '../core/service.ts';

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

/** @throws TypeError that names what there is. */
export function checkCompression(of: string, compression: unknown): void {
  if (compression === undefined || compressions.includes(compression as Compression)) return;
  throw new TypeError(
    `${of}: expected compression to be one of ${compressions.join(', ')}, got ${kindOf(compression)}`,
  );
}

/**
 * The options of a call; a ServerCall stands for `{ parent: call }`.
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
  if (deadline !== undefined && !(deadline instanceof Date && !Number.isNaN(deadline.getTime()))) {
    throw new TypeError(`${name}: expected deadline to be a valid Date, got ${kindOf(deadline)}`);
  }
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
    const callback = (given as CallOptions)[option];
    if (callback !== undefined && typeof callback !== 'function') {
      throw new TypeError(`${name}: expected ${option} to be a function, got ${kindOf(callback)}`);
    }
  }
  if (waitForReady !== undefined && typeof waitForReady !== 'boolean') {
    throw new TypeError(`${name}: expected waitForReady to be true or false, got ${kindOf(waitForReady)}`);
  }
  const { credentials, compression, host } = given as CallOptions;
  if (credentials !== undefined && typeof credentials?.generateMetadata !== 'function') {
    throw new TypeError(`${name}: expected credentials to be CallCredentials of grpc-js, got ${kindOf(credentials)}`);
  }
  checkCompression(name, compression);
  if (host !== undefined && typeof host !== 'string') {
    throw new TypeError(`${name}: expected host to be a text, got ${kindOf(host)}`);
  }
  if (metadata !== undefined) toMetadata(metadata);
  return given as CallOptions;
}
