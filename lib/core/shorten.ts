/** The text of a status goes into a header, where the escapes of one UTF-16 unit may take nine bytes; nghttp2 drops 64 KiB. */
export const MAX_ESCAPED_DETAILS: number = 8 * 1024;

/** A text that can be sent, of which at most so many bytes are left when it is escaped, and three dots. */
export function shorten(text: string, maxEscaped: number): string {
  // grpc-js writes details with encodeURI, which throws at half a surrogate pair, in a callback where it ends the process.
  let short = text.slice(0, maxEscaped).toWellFormed();
  while (encodeURI(short).length > maxEscaped) short = short.slice(0, short.length * 0.9).toWellFormed();
  return short.length < text.length ? `${short}…` : short;
}
