import { AssertionError } from 'node:assert';
import { inspect } from 'node:util';

/** A part of something that is not as it was expected. */
export interface Mismatch {
  readonly name: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** The error of an assertion, its message a line for each part that differs. */
export function mismatchError(
  what: string,
  mismatches: readonly Mismatch[],
  stackStartFn: (...args: never[]) => unknown,
): AssertionError {
  const lines = mismatches.map(one => `${one.name}: expected ${inFull(one.expected)}, got ${inFull(one.actual)}`);
  const side = (which: 'actual' | 'expected') => Object.fromEntries(mismatches.map(one => [one.name, one[which]]));
  return new AssertionError({
    message: [what, ...lines].join('\n'),
    actual: side('actual'),
    expected: side('expected'),
    stackStartFn,
  });
}

/** A value in words, all of it: what differs may lie deep, or far back in a list or a text. */
export function inFull(value: unknown): string {
  return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null });
}
