import { type InspectOptions, inspect, types } from 'node:util';
import type { Metadata } from '@grpc/grpc-js';
import {
  printableDetails,
  type RichDetail,
  type RichDetailInput,
  richDetailsOf,
  withRichDetails,
} from './error-details.ts';
import { isMetadata, type MetadataInput, ownMetadata, STATUS_DETAILS, toMetadata } from './metadata.ts';
import { Code, codeName, isErrorCode } from './status.ts';
import { checkOptions, kindOf } from './validate.ts';

/** Options of an {@link RpcError}. */
export interface RpcErrorOptions {
  /** Sent as trailers by a server; received trailers on a client. */
  readonly metadata?: MetadataInput | undefined;
  /**
   * The error that caused this one. It is never sent. The `metadata` of a ServiceError of grpc-js is made non-enumerable, as it is
   * on an RpcError, so that loggers do not write it.
   */
  readonly cause?: unknown;
  /** `/package.Service/Method`, if known. */
  readonly path?: string | undefined;
  /**
   * Sent with the status in the trailer `grpc-status-details-bin`, which must not be in `metadata` as well. They may take 6 KiB in
   * base64. Those that do not fit are left out from the end, and `details` notes it: put the most important first.
   */
  readonly richDetails?: readonly RichDetailInput[] | undefined;
}

/** An error that {@link isRpcError} recognizes: an {@link RpcError} of any copy of this library, or a ServiceError of grpc-js. */
export interface RpcErrorLike extends Error {
  readonly code: Code;
  readonly details: string;
  readonly metadata: Metadata;
  /** Undefined on a ServiceError. */
  readonly path?: string | undefined;
}

/** Marks an RpcError. The same symbol in every copy of this library in a process. */
const brand = Symbol.for('rx-grpc.RpcError');

/**
 * A status other than OK. A handler throws it to end its call with that status; on a client, response$ errors with it.
 *
 * @throws RangeError when the code is not from 1 to 16; TypeError when details are not a string, when metadata cannot be sent,
 *   or when a value in richDetails is not valid.
 */
export class RpcError extends Error {
  override readonly name: string = 'RpcError';
  readonly code: Code;
  /** The name of the code: `NOT_FOUND`. */
  readonly codeName: string;
  /** The message of the status. It is cut at 8 KiB when it is sent. */
  readonly details: string;
  readonly path: string | undefined;
  /** Not enumerable, because its values may be secrets and loggers copy enumerable properties. `{ ...error }` has no metadata. */
  declare readonly metadata: Metadata;
  /** The keys of the metadata, for loggers; without the keys that a transport adds. */
  declare readonly metadataKeys: readonly string[];

  constructor(code: Code, details: string, options: RpcErrorOptions = {}) {
    if (!isErrorCode(code)) {
      throw new RangeError(`RpcError: expected a status code from 1 to 16, got ${String(code)}`);
    }
    if (typeof details !== 'string') {
      throw new TypeError(`RpcError: expected details to be a string, got ${kindOf(details)}`);
    }
    checkErrorOptions(options);
    const { path, richDetails } = options;
    const given = isMetadata(options.metadata) ? options.metadata : toMetadata(options.metadata);
    const { text, metadata } =
      richDetails === undefined
        ? { text: details, metadata: given }
        : withRichDetails(code, details, given, richDetails);
    super(
      `${path === undefined ? '' : `${path} `}${codeName(code)}: ${text}`,
      'cause' in options ? { cause: hideMetadata(options.cause) } : undefined,
    );
    this.code = code;
    this.codeName = codeName(code);
    this.details = text;
    this.path = path;
    Object.defineProperties(this, {
      [brand]: { value: true },
      metadata: { value: metadata, writable: true, configurable: true },
      metadataKeys: { get: () => keysOf(this.metadata), enumerable: true, configurable: true },
      // An own property, because loggers copy those; only where there are rich details.
      ...(metadata.get(STATUS_DETAILS).length > 0 && {
        richDetails: { get: () => richDetailsOf(this), enumerable: true, configurable: true },
      }),
    });
  }

  /** The rich details that came with the status, or that will be sent with it. See {@link richDetailsOf}. */
  get richDetails(): readonly RichDetail[] {
    return richDetailsOf(this);
  }

  /** For loggers that write JSON. Has the keys of the metadata, not the values. */
  toJSON(): object {
    const { name, message, code, codeName, details, path, metadata } = this;
    return { name, message, code, codeName, details, path, ...extrasOf(metadata) };
  }

  static {
    // A bundler may rename a class that refers to itself: `class _RpcError`.
    Object.defineProperty(RpcError, 'name', { value: 'RpcError', configurable: true });
    // For console.error(error). Not a member, because isolatedDeclarations cannot declare its name.
    Object.defineProperty(RpcError.prototype, inspect.custom, {
      value(this: RpcError, _depth: number, options: InspectOptions) {
        return inspectError(this, options);
      },
    });
  }

  /**
   * Makes an error to rethrow from an error of another call: the same code, details, metadata and rich details, with the original
   * as its cause. The metadata that the other call's transport added is left out. Any error that {@link isRpcError} does not
   * recognize becomes UNKNOWN without its message.
   */
  static from(error: unknown): RpcError {
    return isRpcError(error)
      ? new RpcError(error.code, error.details, { metadata: ownMetadata(error.metadata), cause: error })
      : new RpcError(Code.UNKNOWN, 'unknown error', { cause: error });
  }
}

const errorOptions: readonly (keyof RpcErrorOptions)[] = ['metadata', 'richDetails', 'cause', 'path'];

function checkErrorOptions(options: unknown): void {
  if (isMetadata(options)) throw new TypeError('RpcError: expected options, got a Metadata; write { metadata }');
  checkOptions('RpcError', options, errorOptions);
}

/**
 * Whether this is an {@link RpcError} of any copy of this library, or a ServiceError of plain grpc-js, with the given code if any.
 * {@link codeName} and {@link richDetailsOf} take both.
 */
export function isRpcError<C extends Code = Code>(
  error: unknown,
  code?: C,
): error is RpcErrorLike & { readonly code: C } {
  return (isBranded(error) || isServiceError(error)) && (code === undefined || error.code === code);
}

/** Whether this is an {@link RpcError} of any copy of this library. */
export function isBranded(error: unknown): error is RpcError {
  return isError(error) && (error as { [brand]?: true })[brand] === true;
}

function isServiceError(error: unknown): error is RpcErrorLike {
  if (!isError(error)) return false;
  const { code, details, metadata } = error as Partial<RpcErrorLike>;
  return isErrorCode(code) && typeof details === 'string' && isMetadata(metadata);
}

/** There is more than one class Error where modules run in contexts of their own, as in Jest. */
function isError(error: unknown): error is Error {
  return error instanceof Error || types.isNativeError(error);
}

/** The stack, and the fields that the message does not have. */
function inspectError(error: RpcError, options: InspectOptions): string {
  const cause = Object.hasOwn(error, 'cause') ? { cause: error.cause } : {};
  const fields = { code: error.codeName, ...extrasOf(error.metadata), ...cause };
  return `${error.stack} ${inspect(fields, { ...options, showHidden: false, depth: 5 })}`;
}

/** The part of an error's metadata that may be logged: the keys, because values may be secrets, and the rich details. */
export function extrasOf(metadata: unknown): { metadataKeys?: readonly string[]; richDetails?: readonly object[] } {
  const richDetails = richDetailsOf({ metadata });
  const keys = keysOf(metadata);
  return {
    ...(richDetails.length > 0 && { richDetails: printableDetails(richDetails) }),
    ...(keys.length > 0 && { metadataKeys: keys }),
  };
}

/** The keys of the sender's own metadata, without that of readable rich details. */
function keysOf(metadata: unknown): readonly string[] {
  if (!isMetadata(metadata)) return [];
  const own = ownMetadata(metadata);
  if (richDetailsOf({ metadata }).length > 0) own.remove(STATUS_DETAILS);
  return Object.keys(own.getMap());
}

/**
 * Makes the metadata of a ServiceError of plain grpc-js, and of its causes, non-enumerable, and adds `metadataKeys`, as on an
 * RpcError: so loggers do not write its values. Returns the error.
 */
export function hideMetadata<E>(error: E): E {
  try {
    hide(error, new Set());
  } catch {
    // An error with properties that throw cannot be logged either.
  }
  return error;
}

function hide(error: unknown, seen: Set<unknown>): void {
  if (!(error instanceof Error || types.isNativeError(error)) || seen.has(error)) return;
  seen.add(error);
  const { metadata, cause, errors } = error as Error & { metadata?: unknown; errors?: unknown };
  if (Object.getOwnPropertyDescriptor(error, 'metadata')?.configurable && isMetadata(metadata)) {
    Object.defineProperty(error, 'metadata', { enumerable: false });
    if (Object.isExtensible(error) && !('metadataKeys' in error))
      Object.assign(error, { metadataKeys: keysOf(metadata) });
  }
  for (const inner of [cause, ...(Array.isArray(errors) ? errors : [])]) hide(inner, seen);
}
