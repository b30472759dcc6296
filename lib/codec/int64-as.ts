import { checkList } from './write-message.ts';

/**
 * Converts a 64-bit integer for code generated with `int64: 'number'`. @throws RangeError when it is not a safe
 * integer.
 */
export function asNumber(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`${value} is not a safe integer, so it cannot be a number`);
}

/** Converts a 64-bit integer for code generated with `int64: 'string'`. */
export function asString(value: bigint): string {
  return String(value);
}

/** Converts a decimal string to a bigint, for encoding. Any other value stays as it is. */
export function fromDecimal(value: unknown): unknown {
  return typeof value === 'string' && decimal.test(value) ? BigInt(value) : value;
}

export function fromDecimals(values: readonly unknown[], key: string): readonly (bigint | number)[] {
  checkList(values, key);
  return values.map(fromDecimal) as (bigint | number)[];
}

const decimal = /^(0|-?[1-9]\d{0,19})$/;
