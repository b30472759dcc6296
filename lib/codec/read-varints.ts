import type protobuf from 'protobufjs';
import { enter } from './decode.ts';

type Reader = protobuf.Reader;

/** Reads a packed int32 field with its length, and appends its values. */
export function readInt32s(reader: Reader, values: number[]): void {
  const outerEnd = enter(reader);
  while (reader.pos < reader.len) {
    readShort(reader, values);
    if (reader.pos < reader.len) values.push(reader.int32());
  }
  reader.len = outerEnd;
}

/** Reads a packed uint32 field with its length, and appends its values. */
export function readUint32s(reader: Reader, values: number[]): void {
  const outerEnd = enter(reader);
  while (reader.pos < reader.len) {
    readShort(reader, values);
    if (reader.pos < reader.len) values.push(reader.uint32());
  }
  reader.len = outerEnd;
}

// Reads varints of up to three bytes, until one is longer or the end is near. Reader would check the remaining bytes
// for each varint.
function readShort(reader: Reader, values: number[]): void {
  const { buf, len } = reader;
  let { pos } = reader;
  while (pos < len) {
    const first = buf[pos]!;
    if (first < 128) {
      values.push(first);
      pos += 1;
      continue;
    }
    if (pos + 2 >= len) break;
    const second = buf[pos + 1]!;
    if (second < 128) {
      values.push((first & 127) | (second << 7));
      pos += 2;
      continue;
    }
    const third = buf[pos + 2]!;
    if (third >= 128) break;
    values.push((first & 127) | ((second & 127) << 7) | (third << 14));
    pos += 3;
  }
  reader.pos = pos;
}
