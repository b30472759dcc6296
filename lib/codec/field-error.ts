import { describeValue } from '../core/validate.ts';

/** A value that does not fit the field it was given for; names its place as it passes up to the whole message. */
export class Unfit extends Error {
  path = '';

  constructor(expected: string, got: unknown) {
    super(`expected ${expected}, got ${describeValue(got)}`);
  }
}

/** Where in a field: the index of a list, the key of a map. */
export type Place = number | string | undefined;

/** A value that does not fit a field, or an element of it. */
export function unfit(key: string, at: Place, expected: string, got: unknown): Unfit {
  return within(step(key, at), new Unfit(expected, got)) as Unfit;
}

/** The path from a message to its field, or an element of it: `.items[2]`, `.labels["a"]`. */
export function step(key: string, at: Place): string {
  if (at === undefined) return `.${key}`;
  return `.${key}[${typeof at === 'string' ? JSON.stringify(at) : at}]`;
}

/** Puts a step before the path of an {@link Unfit}; any other error (a getter's own) passes as it is. */
export function within(step: string, error: unknown): unknown {
  if (error instanceof Unfit) error.path = step + error.path;
  return error;
}
