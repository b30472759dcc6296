export type { StatusObject } from '@grpc/grpc-js';

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

const names: ReadonlyMap<number, string> = new Map(Object.entries(Code).map(([name, code]) => [code, name]));

/** The name of a status code. A number that gRPC does not define is returned as text. */
export function codeName(code: number): string {
  return names.get(code) ?? String(code);
}

/** Whether this is a code of an error: 1 to 16. */
export function isErrorCode(code: unknown): code is Code {
  return code !== Code.OK && names.has(code as number);
}

/**
 * The most bytes that the details of a status take in their header, percent-encoded. One UTF-16 unit can take nine bytes, and
 * nghttp2 drops headers of 64 KiB.
 */
export const MAX_ESCAPED_DETAILS: number = 8 * 1024;

/** Cuts a text so that its percent-encoded form takes at most so many bytes, and marks the cut with an ellipsis. */
export function shorten(text: string, maxEscaped: number): string {
  // grpc-js encodes details with encodeURI, which throws at a lone surrogate, in a callback where that ends the process.
  let short = text.slice(0, maxEscaped).toWellFormed();
  while (encodeURI(short).length > maxEscaped) short = short.slice(0, short.length * 0.9).toWellFormed();
  return short.length < text.length ? `${short}…` : short;
}
