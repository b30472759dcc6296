import type protobuf from 'protobufjs';

// Holds a 64-bit integer as a whole and as two halves, so that the only allocation is one BigInt.
const scratch = new DataView(new ArrayBuffer(8));

/** Reads a varint of up to 64 bits; further bits are dropped, as protobuf requires. */
export function readUint64(reader: protobuf.Reader): bigint {
  readVarint(reader);
  return scratch.getBigUint64(0, true);
}

/** Reads a varint as a signed integer in two's complement. */
export function readInt64(reader: protobuf.Reader): bigint {
  readVarint(reader);
  return scratch.getBigInt64(0, true);
}

/** Reads a zigzag varint. */
export function readSint64(reader: protobuf.Reader): bigint {
  readVarint(reader);
  const low = scratch.getUint32(0, true);
  const high = scratch.getUint32(4, true);
  const sign = -(low & 1);
  scratch.setInt32(0, ((low >>> 1) | (high << 31)) ^ sign, true);
  scratch.setInt32(4, (high >>> 1) ^ sign, true);
  return scratch.getBigInt64(0, true);
}

export function readFixed64(reader: protobuf.Reader): bigint {
  readHalves(reader);
  return scratch.getBigUint64(0, true);
}

export function readSfixed64(reader: protobuf.Reader): bigint {
  readHalves(reader);
  return scratch.getBigInt64(0, true);
}

/** The two halves of an integer from -2^63 to 2^64 - 1, in the form that Writer accepts. Valid until the next call. */
function halves(value: bigint): { low: number; high: number; unsigned: boolean } {
  scratch.setBigInt64(0, value, true);
  long.low = scratch.getInt32(0, true);
  long.high = scratch.getInt32(4, true);
  return long;
}

/** Converts a 64-bit integer to a form that Writer accepts. Valid until the next call. */
export function halvesOf(value: bigint | number): protobuf.Long | number {
  return typeof value === 'bigint' ? halves(value) : value;
}

// Writer copies the halves at once, so one object is enough.
const long = { low: 0, high: 0, unsigned: false };

function readHalves(reader: protobuf.Reader): void {
  scratch.setUint32(0, reader.fixed32(), true);
  scratch.setUint32(4, reader.fixed32(), true);
}

// Not Reader.uint64(), which creates two objects for a Long that would still have to be converted to a BigInt.
function readVarint(reader: protobuf.Reader): void {
  const { buf, len } = reader;
  let { pos } = reader;
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (pos >= len) throw new RangeError(`index out of range: ${pos} + 1 > ${len}`);
    const byte = buf[pos++]!;
    const bits = byte & 127;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (shift - 32);
    if (byte < 128) {
      reader.pos = pos;
      scratch.setInt32(0, low, true);
      scratch.setInt32(4, high, true);
      return;
    }
  }
  throw new Error('invalid varint encoding');
}
