import type protobuf from 'protobufjs';
import { isBytes } from './check-scalar.ts';
import { maxDepth } from './decode.ts';
import { FieldError, fieldError, type Place, step, within } from './field-error.ts';
import { isRecord } from './is-record.ts';

type Writer = protobuf.Writer;

/** Writes the fields of a message, without its length. */
export type Write<T> = (writer: Writer, message: T, depth: number) => void;

/** Writes a message with its tag and length. `depth` is the depth of the enclosing message. */
export function writeMessage<T>(
  writer: Writer,
  tag: number,
  message: T | undefined,
  key: string,
  depth: number,
  write: Write<T>,
  at?: Place,
): void {
  writer.uint32(tag).fork();
  try {
    write(writer, message as T, depth + 1);
  } catch (error) {
    throw within(step(key, at), error);
  }
  writer.ldelim();
}

/** Writes a message between the tags of a group. */
export function writeGroup<T>(
  writer: Writer,
  tag: number,
  message: T | undefined,
  key: string,
  depth: number,
  write: Write<T>,
  at?: Place,
): void {
  writer.uint32(tag);
  try {
    write(writer, message as T, depth + 1);
  } catch (error) {
    throw within(step(key, at), error);
  }
  writer.uint32(tag + 1); // the end tag of the group: wire type 4 instead of 3
}

/** @throws FieldError when the value is not a message, or is nested too deep. */
export function checkMessage(message: object, depth: number): void {
  if (!isRecord(message)) throw new FieldError('an object', message);
  if (depth > maxDepth) throw new FieldError(`at most ${maxDepth} nested messages`, message);
}

/** The length of a list. @throws FieldError when the value is not an array. */
export function checkList(values: readonly unknown[], key: string): number {
  if (!Array.isArray(values)) throw fieldError(key, undefined, 'an array', values);
  return values.length;
}

/** The keys of a map. @throws FieldError when the value is not an object. */
export function keysOf(map: object, key: string): readonly string[] {
  if (!isRecord(map)) throw fieldError(key, undefined, 'an object', map);
  return Object.keys(map);
}

/** @throws FieldError when the value is not a oneof. */
export function checkUnion(union: object, key: string): void {
  if (!isRecord(union)) throw fieldError(key, undefined, 'undefined or an object with case and value', union);
}

/** @throws FieldError, always. */
export function refuseCase(union: object, key: string, cases: readonly string[]): never {
  const names = cases.map(each => `'${each}'`).join(', ');
  throw fieldError(`${key}.case`, undefined, `one of ${names}`, (union as { case: unknown }).case);
}

/**
 * Rejects a member of a oneof that stands beside the other fields, as in other libraries. It would be dropped silently.
 *
 * @throws FieldError when the message has such a property.
 */
export function refuseLoose(message: object, key: string, cases: readonly string[]): void {
  for (const name of cases) {
    const value = own(message as Record<string, unknown>, name);
    if (value !== undefined) {
      throw fieldError(key, undefined, `{ case: '${name}', value: ... } here, as '${name}' is in a oneof`, value);
    }
  }
}

/** Returns the value of a required field. @throws FieldError when it is undefined. */
export function required<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw fieldError(key, undefined, 'a value, as the field is required', undefined);
  return value;
}

/** A property that objects may inherit under a name. A message to encode may lack it as an own property. */
export type Inherited<K extends keyof typeof Object.prototype> = (typeof Object.prototype)[K];

/** Reads a property whose name plain objects inherit, such as `constructor`. */
export function own<T extends object, K extends keyof T>(
  message: T,
  key: K,
): Exclude<T[K], Inherited<'constructor'>> | undefined {
  return Object.hasOwn(message, key) ? (message[key] as Exclude<T[K], Inherited<'constructor'>>) : undefined;
}

/** Whether a float or double is the default. -0 is not. */
export function isZero(value: number): boolean {
  return Object.is(value, 0);
}

/** Whether bytes are the default, and so not written. */
export function isNoBytes(value: Uint8Array): boolean {
  return isBytes(value) && value.length === 0;
}
