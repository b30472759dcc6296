import { type InspectOptions, inspect, types } from 'node:util';
import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { Code, codeName, isErrorCode } from './code.ts';
import type { RichDetail, RichDetailInput } from './error-detail-types.ts';
import { richDetailsOf, STATUS_DETAILS, withRichDetails } from './error-details.ts';
import { isMetadata, toMetadata } from './metadata.ts';
import { ownMetadata } from './own-metadata.ts';
import { asJson, hideMetadata, inWords, keysOf } from './print-error.ts';
import { checkOptions, kindOf, type MetadataInput } from './service.ts';
import { MAX_ESCAPED_DETAILS, shorten } from './shorten.ts';

export { Code, codeName } from './code.ts';

/** What may be given with an {@link RpcError}. */
export interface RpcErrorOptions {
  /** Sent as trailers by a server; received trailers on a client. */
  readonly metadata?: MetadataInput | undefined;
  /**
   * The error behind this one. It stays on this side: nothing of it is sent. The `metadata` of a ServiceError of grpc-js becomes
   * not enumerable, as that of an RpcError is, so that no logger writes it.
   */
  readonly cause?: unknown;
  /** `/package.Service/Method`, where it is known. */
  readonly path?: string | undefined;
  /**
   * Sent with the status, in its trailer `grpc-status-details-bin`, which must not be in `metadata` then. They may take 6 KiB
   * there, as base64; what does not fit is left out from the end, and details say so: the most important first.
   */
  readonly richDetails?: readonly RichDetailInput[] | undefined;
}

/** What {@link isRpcError} knows: an {@link RpcError}, of this copy of the library or another, or a ServiceError of grpc-js. */
export interface RpcErrorLike extends Error {
  readonly code: Code;
  readonly details: string;
  readonly metadata: Metadata;
  /** Not known of a ServiceError. */
  readonly path?: string | undefined;
}

// Known to every copy of this library in a process, so that two of them understand each other.
const brand = Symbol.for('rx-grpc.RpcError');

/** On errors that came from another server: internal to ours until {@link RpcError.from} says otherwise. */
const received = Symbol.for('rx-grpc.received');

/**
 * The end of a call with a status other than OK: thrown by a handler it is sent to the caller, on a client it is what
 * response$ errors with.
 *
 * @throws RangeError when the code is none or OK; TypeError when details are no text, metadata none that can be sent, or a
 *   value in richDetails does not fit.
 */
export class RpcError extends Error {
  override readonly name: string = 'RpcError';
  readonly code: Code;
  /** The name of the code: `NOT_FOUND`. */
  readonly codeName: string;
  /** The text that is sent with the code; of more than 8 KiB only the beginning is. */
  readonly details: string;
  readonly path: string | undefined;
  /** Not enumerable: its values may be secrets, and loggers copy what they can enumerate. `{ ...error }` has none. */
  declare readonly metadata: Metadata;
  /** The keys of the metadata, which are what a logger shows of it; without those that a transport wrote. */
  declare readonly metadataKeys: readonly string[];

  constructor(code: Code, details: string, options: RpcErrorOptions = {}) {
    if (!isErrorCode(code)) {
      throw new RangeError(`RpcError: expected a status code from 1 to 16, got ${String(code)}`);
    }
    if (typeof details !== 'string') {
      throw new TypeError(`RpcError: expected details to be a text, got ${kindOf(details)}`);
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
      // For loggers, which copy what is an error's own. They need none of an error that has none.
      ...(metadata.get(STATUS_DETAILS).length > 0 && {
        richDetails: { get: () => richDetailsOf(this), enumerable: true, configurable: true },
      }),
    });
  }

  /** What came with the status, or will be sent with it, every field present. See {@link richDetailsOf}. */
  get richDetails(): readonly RichDetail[] {
    return richDetailsOf(this);
  }

  /** For loggers that write JSON: what a person needs of it, and of its metadata the keys. */
  toJSON(): object {
    return asJson(this);
  }

  static {
    // Bundled, a class that names itself is another name's: `class _RpcError`.
    Object.defineProperty(RpcError, 'name', { value: 'RpcError', configurable: true });
    // For console.error(error). Not as a member, whose name isolatedDeclarations could not write down.
    Object.defineProperty(RpcError.prototype, inspect.custom, {
      value(this: RpcError, _depth: number, options: InspectOptions) {
        return inWords(this, options);
      },
    });
  }

  /**
   * An error of one's own to rethrow: code, details and metadata, rich details among it, of what {@link isRpcError} knows, with
   * the original as its cause. What the other call's transport wrote into the metadata is left out. Anything else becomes
   * UNKNOWN without its message.
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
 * Whether this is an {@link RpcError}, of this copy of the library or another, or a ServiceError of plain grpc-js; and of that
 * code if one is given. For the name of its code and its rich details there are {@link codeName} and {@link richDetailsOf}.
 */
export function isRpcError<C extends Code = Code>(
  error: unknown,
  code?: C,
): error is RpcErrorLike & { readonly code: C } {
  return (isBranded(error) || isServiceError(error)) && (code === undefined || error.code === code);
}

function isBranded(error: unknown): error is RpcError {
  return isError(error) && (error as { [brand]?: true })[brand] === true;
}

function isServiceError(error: unknown): error is RpcErrorLike {
  if (!isError(error)) return false;
  const { code, details, metadata } = error as Partial<RpcErrorLike>;
  return isErrorCode(code) && typeof details === 'string' && isMetadata(metadata);
}

/** Where modules run in contexts of their own, as in Jest, there is more than one Error. */
function isError(error: unknown): error is Error {
  return error instanceof Error || types.isNativeError(error);
}

/** The error of a client's call, from the status that grpc-js gave it. */
export function errorFromStatus(status: StatusObject, path: string): RpcError {
  const { code, details } = readable(status);
  return markReceived(new RpcError(code, details, { metadata: status.metadata, path }));
}

/** A code that gRPC does not know is UNKNOWN. One that is no number is grpc-js's, of a response that it could not read. */
function readable({ code, details }: StatusObject): { readonly code: Code; readonly details: string } {
  if (isErrorCode(code)) return { code, details };
  if (Number.isInteger(code)) return { code: Code.UNKNOWN, details: `status ${code}: ${details}` };
  const reason =
    code === undefined
      ? 'a response is compressed, and its grpc-encoding is missing or not one of gzip and deflate'
      : `the grpc-status of the response is no number (${code})`;
  return { code: Code.INTERNAL, details: details ? `${reason}: ${details}` : reason };
}

/** Marks an error of a call to somebody else, so that a server does not show it to its own caller. */
export function markReceived(error: RpcError): RpcError {
  return Object.defineProperty(error, received, { value: true });
}

/**
 * What a server tells its caller of an error: the status of an {@link RpcError} that is its own. Of anything else nothing,
 * not even its message: undefined.
 */
export function statusToSend(error: unknown): StatusObject | undefined {
  // A ServiceError of plain grpc-js came from another call, too.
  if (!isBranded(error) || isReceived(error)) return undefined;
  const { code, details, metadata } = error;
  // A subclass may have put anything there.
  const isSound = isErrorCode(code) && typeof details === 'string' && isMetadata(metadata);
  return isSound ? statusOf(code, details, metadata) : undefined;
}

/**
 * What a handler that is a client of ours passes on of an error of its call, as its own: code, text and rich details, and not
 * the rest of the metadata. UNAVAILABLE that no server sent says where ours tried to connect: of that the code alone.
 */
export function passOn(error: unknown): unknown {
  if (!isBranded(error) || !isReceived(error)) return error;
  const { code, details, metadata, path } = error;
  const isLocal = code === Code.UNAVAILABLE && Object.keys(metadata.getMap()).length === 0;
  const text = isLocal ? 'the server behind this one cannot be reached' : details;
  return new RpcError(code, text, { metadata: pick(metadata, STATUS_DETAILS), path, cause: error });
}

function isReceived(error: RpcError): boolean {
  return (error as { [received]?: true })[received] === true;
}

/** The status for an error that the caller is not shown. */
export function hiddenStatus(): StatusObject {
  return statusOf(Code.UNKNOWN, 'unknown error', new Metadata());
}

function statusOf(code: Code, details: string, metadata: Metadata): StatusObject {
  return { code: code as number, details: shorten(details, MAX_ESCAPED_DETAILS), metadata };
}

function pick(metadata: Metadata, key: string): Metadata {
  const picked = new Metadata();
  for (const value of metadata.get(key)) picked.add(key, value);
  return picked;
}
