import type protobuf from 'protobufjs';
import { decode, type Read } from './decode.ts';

type Deserialize = (bytes: Buffer) => unknown;

/** Decodes one message of a larger buffer, from the reader's position to the reader's end. */
export type DecodeFrom<T = any> = (reader: protobuf.Reader) => T;

const decoders = new WeakMap<Deserialize, DecodeFrom>();

/**
 * Marks a deserializer of this library, which copies whatever it keeps of a small message. Returns it.
 *
 * @param decodeFrom decodes the same message from a larger buffer
 */
export function deserializer<D extends Deserialize>(deserialize: D, decodeFrom: DecodeFrom): D {
  decoders.set(deserialize, decodeFrom);
  return deserialize;
}

/**
 * The function that decodes in place in the transport's memory; undefined for a deserializer that is not from this
 * library.
 */
export function decoderOf(deserialize: Deserialize): DecodeFrom | undefined {
  return decoders.get(deserialize);
}

/**
 * Whether a small message can be a view of memory that holds other messages, because the deserializer keeps no part of
 * it.
 */
export function keepsNothing(deserialize: Deserialize): boolean {
  return decoders.has(deserialize);
}

/** Smaller messages may lie in a pool, whose memory they share. */
const MIN_BYTES = 4096;

/** The memory of the message that is being decoded, if the message owns it. */
let memory: ArrayBufferLike | undefined;

/**
 * Decodes a message from the transport with `read`. grpc-js assembles each large message in memory of its own and does
 * not reuse that memory, so fields may be views of it.
 *
 * @throws Error `malformed pkg.Message: at byte 12: why`, when the bytes are not a message.
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

/** A view of these bytes, if it keeps at most twice the memory of a copy alive; otherwise undefined. */
export function viewOf(buffer: Uint8Array, start: number, length: number): Uint8Array | undefined {
  if (memory === undefined || memory !== buffer.buffer || length * 2 < memory.byteLength) return undefined;
  return new Uint8Array(memory, buffer.byteOffset + start, length);
}
