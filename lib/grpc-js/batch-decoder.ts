import protobuf from 'protobufjs/minimal.js';
import type { PrivateDecoder } from './private.ts';

/** What precedes a message on the wire: whether it is compressed, and its length in four bytes. */
const PREFIX_BYTES = 5;

/**
 * Larger messages are not batched. Each of them gets memory of its own, as grpc-js does it, so that its fields can be views of that.
 */
const MAX_BATCHED_BYTES = 4095;

/**
 * Whole, uncompressed messages that arrived in one piece of data, which grpc-js hands up as one message. It has as much of a Buffer
 * as grpc-js uses of a received frame. The messages are views of the received data.
 */
export class Batch {
  /** Bytes with prefixes. For grpc-js's traces. */
  readonly length: number;
  readonly #data: Buffer;
  #at: number;
  #size: number;
  #isCopying = false;
  #reader: protobuf.Reader | undefined;

  /**
   * @param data one message frame after the other, between the offsets `start` and `end`
   * @param size the number of messages
   */
  constructor(data: Buffer, start: number, end: number, size: number) {
    this.#data = data;
    this.#at = start;
    this.#size = size;
    this.length = end - start;
  }

  /** Messages that are left. */
  get size(): number {
    return this.#size;
  }

  /** The next message. */
  shift(): Buffer {
    const start = this.#at + PREFIX_BYTES;
    const end = start + this.#data.readUInt32BE(start - 4);
    this.#at = end;
    this.#size--;
    const message = this.#data.subarray(start, end);
    return this.#isCopying ? Buffer.from(message) : message;
  }

  /** Decodes the next message where it lies, with a codec that keeps no part of it. */
  decode<T>(decodeFrom: (reader: protobuf.Reader) => T): T {
    const start = this.#at + PREFIX_BYTES;
    const end = start + this.#data.readUInt32BE(start - 4);
    this.#at = end;
    this.#size--;
    const reader = (this.#reader ??= protobuf.Reader.create(this.#data));
    reader.pos = start;
    reader.len = end;
    return decodeFrom(reader);
  }

  /** From now on each message is a copy, for a codec that may keep parts of it or write to it. Returns itself. */
  copying(): this {
    this.#isCopying = true;
    return this;
  }

  /** grpc-js reads the first byte of a frame: the messages are not compressed. */
  readUInt8(_offset: 0): 0 {
    return 0;
  }

  /** grpc-js takes the prefix off on a client. */
  slice(_start: 5): this {
    return this;
  }

  /** grpc-js takes the prefix off on a server. */
  subarray(_start: 5): this {
    return this;
  }
}

/**
 * Takes the place of grpc-js's StreamDecoder and yields a {@link Batch} where that yields several small messages. A large or
 * compressed message, and one that arrived in several pieces, is a frame in memory of its own.
 */
export class BatchDecoder implements PrivateDecoder {
  readonly maxReadMessageLength: number;
  /** The prefix of the message that was too large, as StreamDecoder has it. */
  readCompressFlag: Buffer = NOTHING;
  readPartialSize: Buffer = NOTHING;
  /** The pieces of a frame that is not yet whole. */
  #pieces: Buffer[] = [];
  /** Bytes in `pieces`. */
  #received = 0;
  /** Bytes of the frame; undefined while its prefix is not whole. */
  #expected: number | undefined;

  /** @param maxReadMessageLength in bytes; -1 for no limit */
  constructor(maxReadMessageLength: number) {
    this.maxReadMessageLength = maxReadMessageLength;
  }

  /** 0 between two messages, as in StreamDecoder. */
  get readState(): number {
    return this.#received === 0 ? 0 : 1;
  }

  /** @throws Error when a message is larger than the limit; messages before it in the same data are lost, as in StreamDecoder. */
  write(data: Buffer): (Buffer | Batch)[] {
    const found: (Buffer | Batch)[] = [];
    let at = this.#received === 0 ? 0 : this.#complete(data, found);
    while (at < data.length) {
      const start = at;
      let count = 0;
      let end = this.#endOfFrame(data, at);
      while (end <= data.length && data[at] === 0 && end - at <= PREFIX_BYTES + MAX_BATCHED_BYTES) {
        at = end;
        count++;
        end = this.#endOfFrame(data, at);
      }
      if (count > 0)
        found.push(count === 1 ? frameOf([data.subarray(start, at)], at - start) : new Batch(data, start, at, count));
      else if (end <= data.length) {
        found.push(frameOf([data.subarray(at, end)], end - at));
        at = end;
      } else {
        this.#keep(data.subarray(at));
        at = data.length;
      }
    }
    return found;
  }

  /** Infinity where the prefix is not whole. */
  #endOfFrame(data: Buffer, at: number): number {
    if (data.length - at < PREFIX_BYTES) return Number.POSITIVE_INFINITY;
    return at + this.#sizeOfFrame(data, at);
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#received += piece.length;
    if (this.#received >= PREFIX_BYTES)
      this.#expected ??= this.#sizeOfFrame(Buffer.concat(this.#pieces, PREFIX_BYTES), 0);
  }

  /** Adds what belongs to the frame that is not yet whole. Returns the offset behind it. */
  #complete(data: Buffer, found: (Buffer | Batch)[]): number {
    let at = 0;
    if (this.#expected === undefined) {
      at = Math.min(PREFIX_BYTES - this.#received, data.length);
      this.#keep(data.subarray(0, at));
      if (this.#expected === undefined) return at;
    }
    const end = Math.min(at + this.#expected - this.#received, data.length);
    if (end > at) this.#keep(data.subarray(at, end));
    if (this.#received === this.#expected) {
      found.push(frameOf(this.#pieces, this.#received));
      this.#pieces = [];
      this.#received = 0;
      this.#expected = undefined;
    }
    return end;
  }

  /** With its prefix, which is whole. */
  #sizeOfFrame(data: Buffer, at: number): number {
    const size = data.readUInt32BE(at + 1);
    const max = this.maxReadMessageLength;
    if (max === -1 || size <= max) return PREFIX_BYTES + size;
    this.readCompressFlag = Buffer.from(data.subarray(at, at + 1));
    this.readPartialSize = Buffer.from(data.subarray(at + 1, at + PREFIX_BYTES));
    throw new Error(`Received message larger than max (${size} vs ${max})`);
  }
}

const NOTHING = Buffer.alloc(0);

/** A copy of a frame. A large one takes no memory of Node's pool, which is larger than it since Node 24. */
function frameOf(pieces: readonly Buffer[], size: number): Buffer {
  const isLarge = size > PREFIX_BYTES + MAX_BATCHED_BYTES;
  const frame = isLarge ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafe(size);
  let at = 0;
  for (const piece of pieces) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}
