import { FieldError, step, within } from './field-error.ts';

/** Converts a property name to a map key of the given wire type. The range is checked when the key is written. */
export function parseMapKey(type: string, name: string): unknown {
  if (type === 'string') return name;
  if (type === 'bool') {
    if (name === 'true' || name === 'false') return name === 'true';
    throw new FieldError("the key 'true' or 'false'", name);
  }
  // Only the canonical form of a number, so that no two properties are the same key.
  if (!/^(0|-?[1-9]\d*)$/.test(name)) throw new FieldError('a decimal integer as the key', name);
  return type.endsWith('64') ? BigInt(name) : Number(name);
}

/** {@link parseMapKey} with the field `key` in the path of the error. */
export function mapKey(type: string, name: string, key: string): unknown {
  try {
    return parseMapKey(type, name);
  } catch (error) {
    throw within(step(key, name), error);
  }
}
