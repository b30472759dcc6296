/**
 * Decodes a grpc-message header. Percent-escapes of valid UTF-8 are decoded. Other escapes and a `%` without an escape
 * stay as they are. Unescaped bytes above 127 are read as UTF-8, too.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Responses", Status-Message)
 */
export function percentDecode(header: string): string {
  return header.replace(BYTE_ABOVE_ASCII, escapeOf).replace(CHARACTER, decode);
}

/** Node decodes header bytes as Latin-1. */
const BYTE_ABOVE_ASCII = /[\x80-\xff]/g;

/**
 * The escapes of one UTF-8 character, as many as its first byte requires. Sequences that are still invalid fail to
 * decode.
 */
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
