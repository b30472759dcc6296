import protobuf from 'protobufjs/minimal.js';
import type { PrivateDecoder } from './private.ts';

/** The prefix of a message on the wire: the compressed-flag, and the length in four bytes. */
const PREFIX_BYTES = 5;

/**
 * Larger messages are not batched. Each of them gets its own memory, as in grpc-js, so that its fields can be views of
 * that memory.
 */
const MAX_BATCHED_BYTES = 4095;

/**
 * Whole, uncompressed messages that arrived in one chunk of data.
 *
 * grpc-js passes a batch on as if it were one message. The class therefore has the members of Buffer that grpc-js uses
 * on a received frame. The messages are views of the received data.
 */
export class Batch {
  /** The size in bytes, including the prefixes, for grpc-js's traces. */
  readonly length: number;
  readonly #data: Buffer;
  #at: number;
  #size: number;
  #isCopying = false;
  #reader: protobuf.Reader | undefined;

  /**
   * @param data consecutive message frames from offset `start` to offset `end`
   * @param size the number of messages
   */
  constructor(data: Buffer, start: number, end: number, size: number) {
    this.#data = data;
    this.#at = start;
    this.#size = size;
    this.length = end - start;
  }

  /** The number of messages that have not been taken yet. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next message. */
  shift(): Buffer {
    const start = this.#at + PREFIX_BYTES;
    const end = start + this.#data.readUInt32BE(start - 4);
    this.#at = end;
    this.#size--;
    const message = this.#data.subarray(start, end);
    return this.#isCopying ? Buffer.from(message) : message;
  }

  /** Takes the next message and decodes it in place. The codec must not keep any part of the message. */
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

  /**
   * Makes each further message a copy, for a codec that may keep parts of the message or write to it. Returns this
   * batch.
   */
  copying(): this {
    this.#isCopying = true;
    return this;
  }

  /** The compressed-flag, which grpc-js reads from each frame. No message of a batch is compressed. */
  readUInt8(_offset: 0): 0 {
    return 0;
  }

  /** grpc-js calls it on a client to remove the prefix. */
  slice(_start: 5): this {
    return this;
  }

  /** grpc-js calls it on a server to remove the prefix. */
  subarray(_start: 5): this {
    return this;
  }
}

/**
 * Replaces grpc-js's StreamDecoder, and yields a {@link Batch} where StreamDecoder yields several small messages. A
 * message that is large, compressed or split over several chunks is a frame with its own memory.
 */
export class BatchDecoder implements PrivateDecoder {
  readonly maxReadMessageLength: number;
  /** The prefix of the message that exceeded the limit, under the names that StreamDecoder uses. */
  readCompressFlag: Buffer = NOTHING;
  readPartialSize: Buffer = NOTHING;
  /** The parts of an incomplete frame. */
  #pieces: Buffer[] = [];
  /** The size of `#pieces` in bytes. */
  #received = 0;
  /** The size of the incomplete frame in bytes; undefined until its prefix is complete. */
  #expected: number | undefined;

  /** @param maxReadMessageLength in bytes; -1 for no limit */
  constructor(maxReadMessageLength: number) {
    this.maxReadMessageLength = maxReadMessageLength;
  }

  /** 0 between two messages, as in StreamDecoder. */
  get readState(): number {
    return this.#received === 0 ? 0 : 1;
  }

  /**
   * @throws Error when a message exceeds the limit. Messages before it in the same chunk are lost, as in StreamDecoder.
   */
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

  /** The offset behind the frame; Infinity when its prefix is incomplete. */
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

  /** Adds the bytes that belong to the incomplete frame. Returns the offset behind them. */
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

  /** The size of a frame including its prefix, which must be complete. */
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

/**
 * Copies a frame. allocUnsafeSlow keeps a large frame out of Node's buffer pool, which is big enough for one since Node
 * 24.
 */
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
