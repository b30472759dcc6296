import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { isMetadata, STATUS_DETAILS } from './metadata.ts';
import { isBranded, RpcError } from './rpc-error.ts';
import { Code, isErrorCode, MAX_ESCAPED_DETAILS, shorten } from './status.ts';

/** Marks an error of a call to another server. The same symbol in every copy of this library in a process. */
const received = Symbol.for('rx-grpc.received');

/** The error of a client's call, from the status that grpc-js reports. */
export function errorFromStatus(status: StatusObject, path: string): RpcError {
  const { code, details } = readable(status);
  return markReceived(new RpcError(code, details, { metadata: status.metadata, path }));
}

/** An undefined code number becomes UNKNOWN. grpc-js reports a code that is not a number for a response that it cannot read. */
function readable({ code, details }: StatusObject): { readonly code: Code; readonly details: string } {
  if (isErrorCode(code)) return { code, details };
  if (Number.isInteger(code)) return { code: Code.UNKNOWN, details: `status ${code}: ${details}` };
  const reason =
    code === undefined
      ? 'a response is compressed, and its grpc-encoding is missing or not one of gzip and deflate'
      : `the grpc-status of the response is not a number (${code})`;
  return { code: Code.INTERNAL, details: details ? `${reason}: ${details}` : reason };
}

/** Marks an error of a call to another server, so that a server does not reveal it to its own caller. */
export function markReceived(error: RpcError): RpcError {
  return Object.defineProperty(error, received, { value: true });
}

/**
 * The status that a server sends for an error: that of an {@link RpcError} of its own. Undefined for any other error, which the
 * caller must not see.
 */
export function statusToSend(error: unknown): StatusObject | undefined {
  // A ServiceError of plain grpc-js is another call's as well.
  if (!isBranded(error) || isReceived(error)) return undefined;
  const { code, details, metadata } = error;
  // A subclass may have changed them.
  const isSound = isErrorCode(code) && typeof details === 'string' && isMetadata(metadata);
  return isSound ? statusOf(code, details, metadata) : undefined;
}

/**
 * The error that a proxy (a client method as a handler) passes on: the code, details and rich details of its own call's error,
 * without the rest of the metadata. The details of an UNAVAILABLE that no server sent are replaced, because they have addresses.
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

/** The status for an error that the caller must not see. */
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
