import { types } from 'node:util';

/** The expected value of each scalar type, for error texts. */
export const expected = {
  int32: 'an integer from -2147483648 to 2147483647',
  uint32: 'an integer from 0 to 4294967295',
  int64: 'a bigint (or a safe integer) from -9223372036854775808 to 9223372036854775807',
  uint64: 'a bigint (or a safe integer) from 0 to 18446744073709551615',
  double: 'a number',
  float: 'a number in the range of a float (32 bits)',
  bool: 'a boolean',
  string: 'a string',
  wellFormed: 'a string without lone surrogates',
  bytes: 'a Uint8Array',
} as const;

export function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

export function isUint32(value: unknown): value is number {
  return typeof value === 'number' && value >>> 0 === value;
}

export function isInt64(value: unknown): value is bigint | number {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value;
  return typeof value === 'number' && Number.isSafeInteger(value);
}

export function isUint64(value: unknown): value is bigint | number {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value) === value;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Whether a number is in the range of a 32-bit float, possibly with a loss of precision. */
export function isInFloatRange(value: number): boolean {
  return Number.isFinite(Math.fround(value)) || !Number.isFinite(value);
}

/**
 * Whether a string can be encoded as UTF-8. Writer would encode a lone surrogate to bytes that other implementations
 * reject.
 */
export function isWellFormed(value: string): boolean {
  return (value as unknown as { isWellFormed(): boolean }).isWellFormed();
}

export function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}
