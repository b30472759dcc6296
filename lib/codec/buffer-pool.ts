import type protobuf from 'protobufjs';
import { writesProtobuf } from '../core/method.ts';
import { type EncodeInto, encode, type Finish } from './encode.ts';

/** A message in reusable memory of another kind. */
interface Lent {
  giveBack(): void;
}

type Serialize<T = any> = (value: T) => Buffer;

/**
 * The sizes of messages that use the pool. Smaller messages are cheap to allocate, and several of them may become one
 * write. Larger ones would make the pool large.
 */
export const MIN_LENT_BYTES: number = 16 * 1024;
export const MAX_LENT_BYTES: number = 128 * 1024;

/** The most free buffers in the pool, which are 2 MiB at most. */
export const MAX_SPARE = 16;

/** Buffer sizes are multiples of this, so that messages of similar sizes can share buffers. */
const STEP_BYTES = 1024;

const lenders = new WeakMap<Serialize, Serialize>();
const encoders = new WeakMap<Serialize, EncodeInto<any>>();
const memories = new WeakMap<Uint8Array, Buffer>();
/** The most recently returned buffer is at the end. */
const spare: Buffer[] = [];

/**
 * Makes a protobuf serializer that can also lend its buffers, and encode into a caller's writer: see {@link lending}
 * and {@link encoderOf}.
 */
export function serializer<T>(encodeInto: EncodeInto<T>): Serialize<T> {
  const serialize = writesProtobuf((value: T) => encode(encodeInto, value));
  lenders.set(serialize, (value: T) => encode(encodeInto, value, lend));
  encoders.set(serialize, encodeInto);
  return serialize;
}

/** The function that encodes into a caller's writer; undefined for a serializer that is not from this library. */
export function encoderOf<T>(serialize: Serialize<T>): EncodeInto<T> | undefined {
  return encoders.get(serialize);
}

/**
 * The same serializer, but for callers that release the bytes soon: it encodes large messages into pooled buffers,
 * which are reused after {@link giveBack}. The garbage collector frees bytes that are never given back, and the bytes
 * of other serializers.
 *
 * Allocation is the main cost of large messages: V8 starts a mark-compact for about every 16 MB outside of its heap.
 */
export function lending<T>(serialize: Serialize<T>): Serialize<T> {
  return lenders.get(serialize) ?? serialize;
}

/**
 * Returns bytes to the pool. Call it when nothing reads the bytes any more. Bytes that were not lent, or were returned
 * before, are ignored.
 */
export function giveBack(bytes: Uint8Array | Lent): void {
  if (!(bytes instanceof Uint8Array)) {
    bytes.giveBack();
    return;
  }
  const memory = memories.get(bytes);
  if (memory === undefined) return;
  memories.delete(bytes);
  spare.push(memory);
  if (spare.length > MAX_SPARE) spare.shift(); // drops the least recently returned buffer
}

const lend: Finish = (writer: protobuf.Writer): Buffer => {
  const length = writer.pos;
  if (length < MIN_LENT_BYTES || length > MAX_LENT_BYTES) return writer.finish() as Buffer;
  // allocUnsafeSlow, because Node's pool has 64 KiB since Node 24, and a pooled slice would keep all of it alive.
  const memory = spareFor(length) ?? Buffer.allocUnsafeSlow(Math.ceil(length / STEP_BYTES) * STEP_BYTES);
  const bytes = writer.finishInto(memory).subarray(0, length);
  memories.set(bytes, memory);
  return bytes;
};

/** A free buffer of at most twice the length, because the message may have to wait for long. */
function spareFor(length: number): Buffer | undefined {
  const fits = ({ byteLength }: Buffer) => byteLength >= length && byteLength <= length * 2;
  const i = spare.findLastIndex(fits);
  return i < 0 ? undefined : spare.splice(i, 1)[0];
}
