import { FieldError, step, within } from './field-error.ts';

/** The key of a map, a property's name, as the type it has on the wire. Its range is checked when it is written. */
export function parseMapKey(type: string, name: string): unknown {
  if (type === 'string') return name;
  if (type === 'bool') {
    if (name === 'true' || name === 'false') return name === 'true';
    throw new FieldError("the key 'true' or 'false'", name);
  }
  // One way to write each number, or two properties would be one key.
  if (!/^(0|-?[1-9]\d*)$/.test(name)) throw new FieldError('a decimal integer as the key', name);
  return type.endsWith('64') ? BigInt(name) : Number(name);
}

/** {@link parseMapKey} of the map that is the field `key`. */
export function mapKey(type: string, name: string, key: string): unknown {
  try {
    return parseMapKey(type, name);
  } catch (error) {
    throw within(step(key, name), error);
  }
}
