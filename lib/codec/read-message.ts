import type protobuf from 'protobufjs';
import { deeper, enter, noTag, type Read } from './decode.ts';

type Reader = protobuf.Reader;

/**
 * Reads a length-prefixed message, and merges it into an earlier one. `depth` is the depth of the enclosing message.
 */
export function readMessage<T>(reader: Reader, depth: number, read: Read<T>, into: T | undefined): T {
  const inner = deeper(depth);
  const outerEnd = enter(reader);
  const message = read(reader, inner, noTag, into);
  reader.len = outerEnd;
  return message;
}

/** Reads a group to its end tag. */
export function readGroup<T>(reader: Reader, depth: number, end: number, read: Read<T>, into: T | undefined): T {
  return read(reader, deeper(depth), end, into);
}

/** Reads a packed field with its length, and appends its values. */
export function readPacked<T>(reader: Reader, values: T[], read: (reader: Reader) => T): void {
  const outerEnd = enter(reader);
  while (reader.pos < reader.len) values.push(read(reader));
  reader.len = outerEnd;
}

/** The value of a oneof if the given member is set. */
export function memberOf<U extends { readonly case: string; readonly value: unknown }, C extends U['case']>(
  union: U | undefined,
  name: C,
): Extract<U, { readonly case: C }>['value'] | undefined {
  return union?.case === name ? union.value : undefined;
}

/** Sets an entry of a map, which is a plain object. An assignment to `__proto__` would set the prototype. */
export function setEntry<T>(map: { [key: string]: T }, key: string, value: T): void {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Empty bytes. Each call returns a new array, because the receiver owns it. */
export function noBytes(): Uint8Array {
  return new Uint8Array(0);
}

/** The bytes of a proto2 default. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** The error of a message without one of its required fields. */
export function missing(field: string): Error {
  return new Error(`the required field ${field} is missing`);
}
