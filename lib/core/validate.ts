/** The longest delay of a timer in Node, about 24.8 days: the upper bound of options in milliseconds. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** Whether a value is an object literal: its prototype is Object.prototype or null. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Checks that options are a plain object and that each of them is known.
 *
 * @throws TypeError that names what was given, or the unknown option and the known ones.
 */
export function checkOptions(apiName: string, options: unknown, known: readonly string[]): void {
  if (!isPlainObject(options)) {
    throw new TypeError(`${apiName}: expected options to be a plain object, got ${kindOf(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    throw new TypeError(`${apiName}: there is no option "${key}"; there are ${known.join(', ')}`);
  }
}

/** @throws TypeError when an option is given and is not a boolean. */
export function checkBoolean(apiName: string, option: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new TypeError(`${apiName}: expected ${option} to be true or false, got ${kindOf(value)}`);
}

/** @throws TypeError when an option is given and is not a function. */
export function checkFunction(apiName: string, option: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new TypeError(`${apiName}: expected ${option} to be a function, got ${kindOf(value)}`);
}

/** @throws TypeError when an option is given and is not a valid Date. */
export function checkDate(apiName: string, option: string, value: unknown): void {
  if (value === undefined || (value instanceof Date && !Number.isNaN(value.getTime()))) return;
  throw new TypeError(`${apiName}: expected ${option} to be a valid Date, got ${kindOf(value)}`);
}

/** Describes an argument for an error text: `a function`, `number "3"`, `an object (Map)`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'without prototype'})`;
  return typeof value === 'function' ? 'a function' : `${typeof value} ${JSON.stringify(String(value))}`;
}

/** Describes the value of a message's field for an error text: `string "x"`, `number 1.5`, `Date`. Long strings are cut. */
export function describeValue(value: unknown): string {
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
