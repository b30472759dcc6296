import type protobuf from 'protobufjs';
import { writesProtobuf } from '../core/method.ts';
import { type EncodeInto, encode, type Finish } from './encode.ts';

/** Bytes in other memory that is used again. */
interface Lent {
  giveBack(): void;
}

type Serialize<T = any> = (value: T) => Buffer;

/** Smaller messages are cheap to allocate, and several of them may become one write; larger ones would make the spare memory large. */
export const MIN_LENT_BYTES: number = 16 * 1024;
export const MAX_LENT_BYTES: number = 128 * 1024;

/** Pieces of memory that wait for a message, 2 MiB of them at the most. */
export const MAX_SPARE = 16;

/** Sizes of memory are multiples of it, so that messages of about one size can use the same. */
const STEP_BYTES = 1024;

const lenders = new WeakMap<Serialize, Serialize>();
const encoders = new WeakMap<Serialize, EncodeInto<any>>();
const memories = new WeakMap<Uint8Array, Buffer>();
/** The last one that came back is at the end. */
const spare: Buffer[] = [];

/** A serializer of protobuf that can lend, and encode into memory of its caller: see {@link lending} and {@link encoderOf}. */
export function serializer<T>(encodeInto: EncodeInto<T>): Serialize<T> {
  const serialize = writesProtobuf((value: T) => encode(encodeInto, value));
  lenders.set(serialize, (value: T) => encode(encodeInto, value, lend));
  encoders.set(serialize, encodeInto);
  return serialize;
}

/** Does what the serializer does, in memory of its caller; undefined for a serializer that is not ours. */
export function encoderOf<T>(serialize: Serialize<T>): EncodeInto<T> | undefined {
  return encoders.get(serialize);
}

/**
 * The same serializer for one who may have done with its bytes soon: those of a large message are in memory that is used again
 * after {@link giveBack}. Bytes that never come back are left to the garbage collector, as all are of a serializer that is not
 * ours. Memory outside of V8's heap is what large messages cost most: a mark-compact begins for about every 16 MB of it.
 */
export function lending<T>(serialize: Serialize<T>): Serialize<T> {
  return lenders.get(serialize) ?? serialize;
}

/** To be called when nobody will look at these bytes any more; whatever was not lent, or came back before, is left alone. */
export function giveBack(bytes: Uint8Array | Lent): void {
  if (!(bytes instanceof Uint8Array)) {
    bytes.giveBack();
    return;
  }
  const memory = memories.get(bytes);
  if (memory === undefined) return;
  memories.delete(bytes);
  spare.push(memory);
  if (spare.length > MAX_SPARE) spare.shift(); // of a size that is no longer sent, or one of too many
}

const lend: Finish = (writer: protobuf.Writer): Buffer => {
  const length = writer.pos;
  if (length < MIN_LENT_BYTES || length > MAX_LENT_BYTES) return writer.finish() as Buffer;
  // Not from Node's pool, which has 64 KiB since Node 24: what waits here would keep all of a pool.
  const memory = spareFor(length) ?? Buffer.allocUnsafeSlow(Math.ceil(length / STEP_BYTES) * STEP_BYTES);
  const bytes = writer.finishInto(memory).subarray(0, length);
  memories.set(bytes, memory);
  return bytes;
};

/** Not much larger than the message, which may have to wait for long. */
function spareFor(length: number): Buffer | undefined {
  const fits = ({ byteLength }: Buffer) => byteLength >= length && byteLength <= length * 2;
  const i = spare.findLastIndex(fits);
  return i < 0 ? undefined : spare.splice(i, 1)[0];
}
