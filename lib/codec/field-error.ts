import { describeValue } from '../core/validate.ts';

/**
 * An error about a value that is invalid for its field. The path to the field grows as the error passes up to the
 * message.
 */
export class FieldError extends Error {
  path = '';

  constructor(expected: string, got: unknown) {
    super(`expected ${expected}, got ${describeValue(got)}`);
  }
}

/** The position in a field: the index of a list, the key of a map. */
export type Place = number | string | undefined;

/** An error about the value of a field, or of an element of it. */
export function fieldError(key: string, at: Place, expected: string, got: unknown): FieldError {
  return within(step(key, at), new FieldError(expected, got)) as FieldError;
}

/** The path from a message to its field, or an element of it: `.items[2]`, `.labels["a"]`. */
export function step(key: string, at: Place): string {
  if (at === undefined) return `.${key}`;
  return `.${key}[${typeof at === 'string' ? JSON.stringify(at) : at}]`;
}

/** Prepends a step to the path of a {@link FieldError}. Any other error (thrown by a getter) stays as it is. */
export function within(step: string, error: unknown): unknown {
  if (error instanceof FieldError) error.path = step + error.path;
  return error;
}
