import { inspect } from 'node:util';

/** A value in words, all of it: what differs may lie deep, or far back in a list or a text. */
export function inFull(value: unknown): string {
  return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null });
}
