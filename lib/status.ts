import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { isMetadata, toMetadata } from './metadata.ts';
import { kindOf, type MetadataInput } from './rpc.ts';

/**
 * The status codes of gRPC.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
 */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type Code = (typeof Code)[keyof typeof Code];

const codeNames: ReadonlyMap<number, string> = new Map(Object.entries(Code).map(([name, code]) => [code, name]));

/** The name of a status code; a number that gRPC does not know is given back as text. */
export function codeName(code: number): string {
  return codeNames.get(code) ?? String(code);
}

/** What may be given with an {@link RpcError}. */
export interface RpcErrorOptions {
  /** Sent as trailers by a server; received trailers on a client. */
  readonly metadata?: MetadataInput | undefined;
  /** The error behind this one. It stays on this side: nothing of it is sent. */
  readonly cause?: unknown;
  /** `/package.Service/Method`, where it is known. */
  readonly path?: string | undefined;
}

// Known to every copy of this library in a process, so that two of them understand each other.
const brand = Symbol.for('rx-grpc.RpcError');

/** Errors that came from another server: internal to ours until {@link RpcError.from} says otherwise. */
const received = new WeakSet<RpcError>();

/**
 * The end of a call with a status other than OK: thrown by a handler it is sent to the caller, on a client it is what
 * response$ errors with.
 */
export class RpcError extends Error {
  override readonly name: string = 'RpcError';
  readonly code: Code;
  /** The text that is sent with the code; of more than 8 KiB only the beginning is. */
  readonly details: string;
  readonly metadata: Metadata;
  readonly path: string | undefined;

  constructor(code: Code, details: string, options: RpcErrorOptions = {}) {
    if (!codeNames.has(code) || code === Code.OK) {
      throw new RangeError(`RpcError: expected a status code from 1 to 16, got ${String(code)}`);
    }
    if (typeof details !== 'string') {
      throw new TypeError(`RpcError: expected details to be a text, got ${kindOf(details)}`);
    }
    const { path, metadata } = options;
    super(
      `${path === undefined ? '' : `${path} `}${codeName(code)}: ${details}`,
      'cause' in options ? { cause: options.cause } : undefined,
    );
    this.code = code;
    this.details = details;
    this.metadata = isMetadata(metadata) ? metadata : toMetadata(metadata);
    this.path = path;
    Object.defineProperty(this, brand, { value: true });
  }

  /**
   * An error of one's own to rethrow: the same code, details and metadata, with the original as its cause. What is no
   * RpcError becomes UNKNOWN without its message.
   */
  static from(error: unknown): RpcError {
    return isRpcError(error)
      ? new RpcError(error.code, error.details, { metadata: error.metadata.clone(), cause: error })
      : new RpcError(Code.UNKNOWN, 'unknown error', { cause: error });
  }
}

/** Whether this is an {@link RpcError}, of this copy of the library or another, and of that code if one is given. */
export function isRpcError(error: unknown, code?: Code): error is RpcError {
  return (
    error instanceof Error &&
    (error as { [brand]?: true })[brand] === true &&
    (code === undefined || (error as RpcError).code === code)
  );
}

/** The error of a client's call, from the status that grpc-js gave it. */
export function errorFromStatus(status: StatusObject, path: string): RpcError {
  const known = codeNames.has(status.code);
  const error = new RpcError(
    known ? (status.code as Code) : Code.UNKNOWN,
    known ? status.details : `status ${status.code}: ${status.details}`,
    { metadata: status.metadata, path },
  );
  received.add(error);
  return error;
}

/** Marks an error of a call to somebody else, so that a server does not show it to its own caller. */
export function markReceived(error: RpcError): RpcError {
  received.add(error);
  return error;
}

/**
 * What a server tells its caller of an error: the status of an {@link RpcError} that is its own. Of anything else nothing,
 * not even its message: undefined.
 *
 * @param isProxy the handler is a client of ours: then errors that came from another server are its own too, with their
 *   code, their text and the details of google.rpc.Status, but not the rest of their metadata.
 */
export function statusToSend(error: unknown, isProxy: boolean): StatusObject | undefined {
  if (!isRpcError(error)) return undefined;
  const isForeign = received.has(error);
  if (isForeign && !isProxy) return undefined;
  const metadata = isForeign ? pick(error.metadata, 'grpc-status-details-bin') : error.metadata;
  return statusOf(error.code, error.details, metadata);
}

/** The status for an error that the caller is not shown. */
export function hiddenStatus(): StatusObject {
  return statusOf(Code.UNKNOWN, 'unknown error', new Metadata());
}

/** Details go into a header, where the escapes of one UTF-16 unit may take nine bytes; nghttp2 drops headers of 64 KiB. */
const MAX_ESCAPED_DETAILS = 8 * 1024;

function statusOf(code: Code, details: string, metadata: Metadata): StatusObject {
  return { code: code as number, details: writable(details), metadata };
}

function writable(details: string): string {
  // grpc-js writes details with encodeURI, which throws at half a surrogate pair, in a callback where it ends the process.
  let text = details.slice(0, MAX_ESCAPED_DETAILS).toWellFormed();
  while (encodeURI(text).length > MAX_ESCAPED_DETAILS) text = text.slice(0, text.length * 0.9).toWellFormed();
  return text.length < details.length ? `${text}…` : text;
}

function pick(metadata: Metadata, key: string): Metadata {
  const picked = new Metadata();
  for (const value of metadata.get(key)) picked.add(key, value);
  return picked;
}
