import type protobuf from 'protobufjs';
import { decode, type Read } from './decode.ts';

type Deserialize = (bytes: Buffer) => unknown;

/** Decodes a message among others: from where the reader is to the reader's end. */
export type DecodeFrom<T = any> = (reader: protobuf.Reader) => T;

const decoders = new WeakMap<Deserialize, DecodeFrom>();

/**
 * Marks a deserializer of this library: it copies whatever it keeps of a small message. Returns it.
 *
 * @param decodeFrom does the same where the message lies in other memory
 */
export function deserializer<D extends Deserialize>(deserialize: D, decodeFrom: DecodeFrom): D {
  decoders.set(deserialize, decodeFrom);
  return deserialize;
}

/** Does what the deserializer does, in memory of the transport; undefined for a deserializer that is not ours. */
export function decoderOf(deserialize: Deserialize): DecodeFrom | undefined {
  return decoders.get(deserialize);
}

/** Whether a small message may be a view of memory that holds other messages. */
export function keepsNothing(deserialize: Deserialize): boolean {
  return decoders.has(deserialize);
}

/** Smaller messages may lie in a pool, in memory that is shared with others. */
const MIN_BYTES = 4096;

/** The memory of the message that is being decoded, when nobody else has it. */
let memory: ArrayBufferLike | undefined;

/**
 * What `read` makes of a message that came from its transport: grpc-js puts each together in memory of its own, which it then
 * leaves to us, so that a field may be a view of it.
 *
 * @throws Error `malformed pkg.Message: at byte 12: why`, when the bytes are none.
 */
export function decodeReceived<T>(typeName: string, read: Read<T>, bytes: Uint8Array): T {
  if (!(bytes?.byteLength >= MIN_BYTES)) return decode(typeName, read, bytes);
  memory = bytes.buffer;
  try {
    return decode(typeName, read, bytes);
  } finally {
    memory = undefined;
  }
}

/** These bytes, not copied, where that keeps no more memory alive than twice what a copy would take. */
export function viewOf(buffer: Uint8Array, start: number, length: number): Uint8Array | undefined {
  if (memory === undefined || memory !== buffer.buffer || length * 2 < memory.byteLength) return undefined;
  return new Uint8Array(memory, buffer.byteOffset + start, length);
}
