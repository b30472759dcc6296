import { types } from 'node:util';
import protobuf from 'protobufjs/minimal.js';
import { describeValue } from '../core/validate.ts';

type Reader = protobuf.Reader;

/** The deepest nesting of messages, as in other implementations. Each level costs a stack frame. */
export const maxDepth = 100;

/**
 * Reads the fields of a message up to the reader's end, or up to the tag `end`, and merges them into an earlier
 * message.
 */
export type Read<T> = (reader: Reader, depth: number, end: number, into: T | undefined) => T;

/** The `end` of a message that is not a group: no tag. */
export const noTag = -1;

/**
 * Decodes a message with `read`.
 *
 * @throws Error `malformed pkg.Message: at byte 12: why`, when the bytes are not a message.
 */
export function decode<T>(typeName: string, read: Read<T>, bytes: Uint8Array): T {
  // Reader is faster on a Buffer, and fastest when it never sees another type.
  const reader = protobuf.Reader.create(Buffer.isBuffer(bytes) ? bytes : toBuffer(typeName, bytes));
  try {
    return read(reader, 0, noTag, undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`malformed ${typeName}: at byte ${reader.pos}: ${why}`, { cause: error });
  }
}

/**
 * Decodes one message of a larger buffer, from the reader's position to the reader's end.
 *
 * @throws Error the same as {@link decode}.
 */
export function decodeFrom<T>(typeName: string, read: Read<T>, reader: Reader): T {
  const { buf, pos, len } = reader;
  try {
    return read(reader, 0, noTag, undefined);
  } catch {
    return decode(typeName, read, buf.subarray(pos, len)); // fails again, with offsets within the message
  }
}

function toBuffer(typeName: string, bytes: unknown): Buffer {
  if (types.isUint8Array(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new TypeError(`${typeName}: expected the bytes of a message (a Uint8Array), got ${describeValue(bytes)}`);
}

/** The next tag, or `end` at the end of the message. */
export function nextTag(reader: Reader, end: number): number {
  if (reader.pos < reader.len) return reader.tag();
  if (end === noTag) return end;
  throw new Error('a group does not end');
}

/** Reads a length and limits the reader to it. Returns the previous end. */
export function enter(reader: Reader): number {
  const length = reader.size();
  const outerEnd = reader.len;
  const end = reader.pos + length;
  if (end > outerEnd) throw new RangeError(`index out of range: ${reader.pos} + ${length} > ${outerEnd}`);
  reader.len = end;
  return outerEnd;
}

/** The depth of a message that is nested in one of this depth. */
export function deeper(depth: number): number {
  if (depth < maxDepth) return depth + 1;
  throw new Error(`more than ${maxDepth} nested messages`);
}
