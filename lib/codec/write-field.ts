import type protobuf from 'protobufjs';
import * as check from './check-scalar.ts';
import { fieldError, type Place } from './field-error.ts';
import { halvesOf } from './int64.ts';

type Writer = protobuf.Writer;

// Each function writes a tag and a value, or throws a FieldError with the key of the field and the place in it. The key
// is a parameter, because adding it to an error on its way up would cost time even without errors.

export function writeDouble(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (typeof value !== 'number') throw fieldError(key, at, check.expected.double, value);
  writer.uint32(tag).double(value);
}

export function writeFloat(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (typeof value !== 'number') throw fieldError(key, at, check.expected.double, value);
  if (!check.isInFloatRange(value)) throw fieldError(key, at, check.expected.float, value);
  writer.uint32(tag).float(value);
}

export function writeInt32(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isInt32(value)) throw fieldError(key, at, check.expected.int32, value);
  writer.uint32(tag).int32(value);
}

export function writeUint32(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isUint32(value)) throw fieldError(key, at, check.expected.uint32, value);
  writer.uint32(tag).uint32(value);
}

export function writeSint32(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isInt32(value)) throw fieldError(key, at, check.expected.int32, value);
  writer.uint32(tag).sint32(value);
}

export function writeFixed32(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isUint32(value)) throw fieldError(key, at, check.expected.uint32, value);
  writer.uint32(tag).fixed32(value);
}

export function writeSfixed32(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isInt32(value)) throw fieldError(key, at, check.expected.int32, value);
  writer.uint32(tag).sfixed32(value);
}

export function writeInt64(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isInt64(value)) throw fieldError(key, at, check.expected.int64, value);
  writer.uint32(tag).int64(halvesOf(value));
}

export function writeUint64(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isUint64(value)) throw fieldError(key, at, check.expected.uint64, value);
  writer.uint32(tag).uint64(halvesOf(value));
}

export function writeSint64(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isInt64(value)) throw fieldError(key, at, check.expected.int64, value);
  writer.uint32(tag).sint64(halvesOf(value));
}

export function writeFixed64(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isUint64(value)) throw fieldError(key, at, check.expected.uint64, value);
  writer.uint32(tag).fixed64(halvesOf(value));
}

export function writeSfixed64(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isInt64(value)) throw fieldError(key, at, check.expected.int64, value);
  writer.uint32(tag).sfixed64(halvesOf(value));
}

export function writeBool(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (typeof value !== 'boolean') throw fieldError(key, at, check.expected.bool, value);
  writer.uint32(tag).bool(value);
}

export function writeString(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (typeof value !== 'string') throw fieldError(key, at, check.expected.string, value);
  if (!check.isWellFormed(value)) throw fieldError(key, at, check.expected.wellFormed, value);
  writer.uint32(tag).string(value);
}

export function writeBytes(writer: Writer, tag: number, value: unknown, key: string, at?: Place): void {
  if (!check.isBytes(value)) throw fieldError(key, at, check.expected.bytes, value);
  writer.uint32(tag).bytes(value);
}
