import type protobuf from 'protobufjs';
import { readFixed64, readInt64, readSfixed64, readSint64, readUint64 } from './int64.ts';
import { readInt32s, readUint32s } from './read-varints.ts';
import { viewOf } from './received.ts';

type Reader = protobuf.Reader;

/** Reads one value of a scalar type behind its tag, by the type's name. `unverified` is a string of proto2. */
export const readScalar: Readonly<Record<string, (reader: Reader) => unknown>> = {
  double: reader => reader.double(),
  float: reader => reader.float(),
  int32: reader => reader.int32(),
  uint32: reader => reader.uint32(),
  sint32: reader => reader.sint32(),
  fixed32: reader => reader.fixed32(),
  sfixed32: reader => reader.sfixed32(),
  int64: readInt64,
  uint64: readUint64,
  sint64: readSint64,
  fixed64: readFixed64,
  sfixed64: readSfixed64,
  bool: reader => reader.bool(),
  string: readString,
  unverified: reader => reader.string(),
  bytes: readBytes,
};

/**
 * Reads a packed field with its length, and appends its values. Types that are missing here use `readScalar` for each
 * value.
 */
export const readPacked: Readonly<Record<string, (reader: Reader, values: any[]) => unknown>> = {
  double: (reader, values) => reader.doubles(values),
  float: (reader, values) => reader.floats(values),
  int32: readInt32s,
  uint32: readUint32s,
  sint32: (reader, values) => reader.sint32s(values),
  fixed32: (reader, values) => reader.fixed32s(values),
  sfixed32: (reader, values) => reader.sfixed32s(values),
  bool: (reader, values) => reader.bools(values),
};

// Short strings decode faster in JavaScript, longer ones in C++. The C++ decoder replaces invalid bytes with U+FFFD, so
// a string that contains U+FFFD is read again with the decoder that rejects them.
export function readString(reader: Reader): string {
  const start = reader.pos;
  if (reader.buf[start]! < 16) return reader.stringVerify();
  const text = reader.string();
  if (!text.includes('\uFFFD')) return text;
  reader.pos = start;
  return reader.stringVerify();
}

// Usually copies, because a view would keep the whole received message alive. For a few bytes, a copy is faster than a
// view.
export function readBytes(reader: Reader): Uint8Array {
  const length = reader.size();
  const start = reader.pos;
  reader.skip(length);
  const { buf } = reader;
  const view = length > 64 ? viewOf(buf, start, length) : undefined;
  if (view !== undefined) return view;
  const bytes = new Uint8Array(length);
  if (length > 64) bytes.set(reader.raw(start, start + length));
  else for (let i = 0; i < length; i++) bytes[i] = buf[start + i]!;
  return bytes;
}
