/**
 * The text of a grpc-message as it is in a header: percent-escapes of UTF-8 are decoded, and those that are none of UTF-8 stay as
 * they are, as does a `%` that is no escape. Bytes above 127 that were sent without an escape are read as UTF-8, too.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Responses", Status-Message)
 */
export function percentDecode(header: string): string {
  return header.replace(BYTE_ABOVE_ASCII, escapeOf).replace(CHARACTER, decode);
}

/** Node gives a header's bytes as Latin-1. */
const BYTE_ABOVE_ASCII = /[\x80-\xff]/g;

/** As many escapes as make one character of UTF-8 by its first byte. What is no character all the same is found out by decoding. */
const CHARACTER =
  /%(?:[0-7][\da-f]|[cd][\da-f]%[89ab][\da-f]|e[\da-f](?:%[89ab][\da-f]){2}|f[\da-f](?:%[89ab][\da-f]){3})/gi;

function escapeOf(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
}

function decode(escapes: string): string {
  try {
    return decodeURIComponent(escapes);
  } catch {
    return escapes;
  }
}
