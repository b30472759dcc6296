import { types } from 'node:util';
import type protobuf from 'protobufjs';
import { halves } from './int64.ts';
import { Unfit } from './unfit.ts';

type Writer = protobuf.Writer;

/** Writes one value of a scalar type after its tag; throws {@link Unfit} when it is none. By the type's name. */
export const writeScalar: Readonly<Record<string, (writer: Writer, value: unknown) => void>> = {
  double: (writer, value) => writer.double(double(value)),
  float: (writer, value) => writer.float(float(value)),
  int32: (writer, value) => writer.int32(int32(value)),
  uint32: (writer, value) => writer.uint32(uint32(value)),
  sint32: (writer, value) => writer.sint32(int32(value)),
  fixed32: (writer, value) => writer.fixed32(uint32(value)),
  sfixed32: (writer, value) => writer.sfixed32(int32(value)),
  int64: (writer, value) => writer.int64(int64(value)),
  uint64: (writer, value) => writer.uint64(uint64(value)),
  sint64: (writer, value) => writer.sint64(int64(value)),
  fixed64: (writer, value) => writer.fixed64(uint64(value)),
  sfixed64: (writer, value) => writer.sfixed64(int64(value)),
  bool: (writer, value) => writer.bool(bool(value)),
  string: (writer, value) => writer.string(string(value)),
  unverified: (writer, value) => writer.string(string(value)),
  bytes: (writer, value) => writer.bytes(bytes(value)),
};

function int32(value: unknown): number {
  if (typeof value === 'number' && (value | 0) === value) return value;
  throw new Unfit('an integer from -2147483648 to 2147483647', value);
}

function uint32(value: unknown): number {
  if (typeof value === 'number' && value >>> 0 === value) return value;
  throw new Unfit('an integer from 0 to 4294967295', value);
}

type Integer = number | protobuf.Long;

function int64(value: unknown): Integer {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return halves(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new Unfit('a bigint (or a safe integer) from -9223372036854775808 to 9223372036854775807', value);
}

function uint64(value: unknown): Integer {
  if (typeof value === 'bigint' && BigInt.asUintN(64, value) === value) return halves(value);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Unfit('a bigint (or a safe integer) from 0 to 18446744073709551615', value);
}

function double(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new Unfit('a number', value);
}

function float(value: unknown): number {
  const number = double(value);
  if (Number.isFinite(Math.fround(number)) || !Number.isFinite(number)) return number;
  throw new Unfit('a number in the range of a float (32 bits)', value);
}

function bool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new Unfit('a boolean', value);
}

// A lone surrogate has no UTF-8: Writer would write bytes which other implementations refuse.
function string(value: unknown): string {
  if (typeof value !== 'string') throw new Unfit('a string', value);
  if ((value as unknown as { isWellFormed(): boolean }).isWellFormed()) return value;
  throw new Unfit('a string without lone surrogates', value);
}

function bytes(value: unknown): Uint8Array {
  if (types.isUint8Array(value)) return value;
  throw new Unfit('a Uint8Array', value);
}
