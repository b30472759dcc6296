/** A value that does not fit the field it was given for; names its place as it passes up to the whole message. */
export class Unfit extends Error {
  path = '';

  constructor(expected: string, got: unknown) {
    super(`expected ${expected}, got ${describe(got)}`);
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

/** What a value is, in few words, for a message: `string "x"`, `number 1.5`, `Date`. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'number':
      return `number ${Object.is(value, -0) ? '-0' : value}`;
    case 'bigint':
      return `bigint ${value}n`;
    case 'boolean':
      return `boolean ${value}`;
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return 'array';
      const name = Object.getPrototypeOf(value)?.constructor?.name;
      return typeof name === 'string' && name !== '' && name !== 'Object' ? name : 'object';
    }
    default:
      return typeof value;
  }
}
