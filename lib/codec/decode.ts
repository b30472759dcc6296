import { types } from 'node:util';
import protobuf from 'protobufjs/minimal.js';
import { describeValue } from '../core/validate.ts';

type Reader = protobuf.Reader;

/** The most messages inside one another, as in other implementations: each costs a frame of the stack. */
export const maxDepth = 100;

/** Reads a message's fields until the reader's end, or until the tag `end`; merges them into one that came before. */
export type Read<T> = (reader: Reader, depth: number, end: number, into: T | undefined) => T;

/** What `end` is of a message that is no group: no tag. */
export const noTag = -1;

/**
 * What `read` makes of the bytes.
 *
 * @throws Error `malformed pkg.Message: at byte 12: why`, when the bytes are none.
 */
export function decode<T>(typeName: string, read: Read<T>, bytes: Uint8Array): T {
  // Reader is quicker on a Buffer, and quickest when it never sees anything else.
  const reader = protobuf.Reader.create(Buffer.isBuffer(bytes) ? bytes : toBuffer(typeName, bytes));
  try {
    return read(reader, 0, noTag, undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`malformed ${typeName}: at byte ${reader.pos}: ${why}`, { cause: error });
  }
}

/**
 * The same of a message among others: from where the reader is to the reader's end.
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

/** The next tag; `end`, where the message ends. */
export function nextTag(reader: Reader, end: number): number {
  if (reader.pos < reader.len) return reader.tag();
  if (end === noTag) return end;
  throw new Error('a group does not end');
}

/** Reads a length and makes it the reader's end; returns the end until now. */
export function enter(reader: Reader): number {
  const length = reader.size();
  const outerEnd = reader.len;
  const end = reader.pos + length;
  if (end > outerEnd) throw new RangeError(`index out of range: ${reader.pos} + ${length} > ${outerEnd}`);
  reader.len = end;
  return outerEnd;
}

/** The depth of a message inside one at this depth. */
export function deeper(depth: number): number {
  if (depth < maxDepth) return depth + 1;
  throw new Error(`more than ${maxDepth} messages inside one another`);
}
