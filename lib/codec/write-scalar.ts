import type protobuf from 'protobufjs';
import * as check from './check-scalar.ts';
import { FieldError } from './field-error.ts';
import { halvesOf } from './int64.ts';

type Writer = protobuf.Writer;

/**
 * Writes one value of a scalar type behind its tag, by the type's name. Throws a {@link FieldError} for an invalid
 * value.
 */
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
  if (check.isInt32(value)) return value;
  throw new FieldError(check.expected.int32, value);
}

function uint32(value: unknown): number {
  if (check.isUint32(value)) return value;
  throw new FieldError(check.expected.uint32, value);
}

type Integer = number | protobuf.Long;

function int64(value: unknown): Integer {
  if (check.isInt64(value)) return halvesOf(value);
  throw new FieldError(check.expected.int64, value);
}

function uint64(value: unknown): Integer {
  if (check.isUint64(value)) return halvesOf(value);
  throw new FieldError(check.expected.uint64, value);
}

function double(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new FieldError(check.expected.double, value);
}

function float(value: unknown): number {
  const number = double(value);
  if (check.isInFloatRange(number)) return number;
  throw new FieldError(check.expected.float, value);
}

function bool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new FieldError(check.expected.bool, value);
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new FieldError(check.expected.string, value);
  if (check.isWellFormed(value)) return value;
  throw new FieldError(check.expected.wellFormed, value);
}

function bytes(value: unknown): Uint8Array {
  if (check.isBytes(value)) return value;
  throw new FieldError(check.expected.bytes, value);
}
