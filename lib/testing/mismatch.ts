import { AssertionError } from 'node:assert';
import { inspect } from 'node:util';

/** A part of a value that differs from the expected one. */
export interface Mismatch {
  readonly name: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** The error of an assertion, with a line for each part that differs. */
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

/**
 * Formats a value without any cut, because the difference may lie deep in an object or far back in a list or a string.
 */
export function inFull(value: unknown): string {
  return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null });
}
