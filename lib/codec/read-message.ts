import type protobuf from 'protobufjs';
import { deeper, enter, noTag, type Read } from './decode.ts';

type Reader = protobuf.Reader;

/** Reads a message with its length before it; merges it into one that came before. `depth` is that of the message around it. */
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

/** Appends the values of a packed field, its length included. */
export function readPacked<T>(reader: Reader, values: T[], read: (reader: Reader) => T): void {
  const outerEnd = enter(reader);
  while (reader.pos < reader.len) values.push(read(reader));
  reader.len = outerEnd;
}

/** The value of a oneof's member, when it is this one. */
export function memberOf<U extends { readonly case: string; readonly value: unknown }, C extends U['case']>(
  union: U | undefined,
  name: C,
): Extract<U, { readonly case: C }>['value'] | undefined {
  return union?.case === name ? union.value : undefined;
}

/** Sets an entry of a map, which is a plain object, whatever its key: of `__proto__` an assignment would set the prototype. */
export function setEntry<T>(map: { [key: string]: T }, key: string, value: T): void {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}

/** No bytes; not shared, as their owner may use them as he likes. */
export function noBytes(): Uint8Array {
  return new Uint8Array(0);
}

/** The bytes of a default in proto2. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** The error of a message without one of its required fields. */
export function missing(field: string): Error {
  return new Error(`the required field ${field} is missing`);
}
