import protobuf from 'protobufjs/minimal.js';

/** The prefix of a message on the wire: the compressed-flag, and the length in four bytes. */
const PREFIX_BYTES = 5;

/** The number and size of writers that are kept for reuse: 512 KiB at most. */
const MAX_SPARE = 16;
const MAX_SPARE_BYTES = 32 * 1024;

/** Below this size, a call gets new memory: a call that sends little then keeps little while its peer does not read. */
const MIN_SPARE_BYTES = 1024;

/** Messages up to this size are copied out of the memory in which they were encoded. */
const MAX_COPIED_BYTES = 16 * 1024;

const spare: protobuf.Writer[] = [];

/**
 * Several messages that grpc-js writes as one. gRPC allows this: a stream is a sequence of prefixed messages,
 * regardless of writes.
 *
 * To frame a message, grpc-js writes a prefix with the length and calls the message's `copy` for the bytes behind the
 * prefix. The messages of a Joined already have their prefixes, and the first of these overwrites the one of grpc-js.
 *
 * This class is deliberately not a Buffer: a version of grpc-js that uses it in another way fails, instead of sending
 * wrong bytes. `mayJoin` tests grpc-js once.
 */
export class Joined {
  #writer: protobuf.Writer;
  /** The offset behind the last added message. */
  #end = 0;
  #count = 0;
  #isEncoding = false;
  #isShared = false;

  /** @param expectedBytes the approximate size of all messages */
  constructor(expectedBytes = 0) {
    this.#writer = (expectedBytes < MIN_SPARE_BYTES ? undefined : spare.pop()) ?? protobuf.Writer.create();
  }

  /** The number of added messages. */
  get count(): number {
    return this.#count;
  }

  get messageBytes(): number {
    return this.#end - this.#count * PREFIX_BYTES;
  }

  /** Whether a message is being encoded, or its encoding has failed. No other message can be added then. */
  get isEncoding(): boolean {
    return this.#isEncoding;
  }

  push(message: Uint8Array): void {
    this.#beginMessage();
    this.#writer.raw(message);
    this.keep();
  }

  /** Encodes a message behind the others and returns its size in bytes. Only {@link keep} adds it. */
  encode<T>(encodeInto: (writer: protobuf.Writer, value: T) => void, value: T): number {
    this.#isEncoding = true; // stays true when encodeInto throws, which leaves the writer in an undefined state
    this.#beginMessage();
    encodeInto(this.#writer, value);
    this.#isEncoding = false;
    return this.#lastBytes;
  }

  /** Adds the message that was encoded last. */
  keep(): void {
    const { buf, pos } = this.#writer;
    const at = this.#end + 1;
    const size = this.#lastBytes;
    buf[at] = size >>> 24;
    buf[at + 1] = size >>> 16;
    buf[at + 2] = size >>> 8;
    buf[at + 3] = size;
    this.#end = pos;
    this.#count++;
  }

  /** Returns the message that was encoded last and not added. No message can be added afterwards. */
  takeBack(): Buffer {
    const { buf, pos } = this.#writer;
    const message = buf.subarray(this.#end + PREFIX_BYTES, pos) as Buffer;
    if (message.length <= MAX_COPIED_BYTES) return Buffer.from(message);
    this.#isShared = true;
    return message;
  }

  /**
   * The length that grpc-js reads, like that of a Buffer. It excludes the first prefix, for which grpc-js makes room.
   */
  get length(): number {
    return this.#end - PREFIX_BYTES;
  }

  get byteLength(): number {
    return this.length;
  }

  copy(target: Buffer, start: number): number {
    target.set(this.#writer.buf.subarray(0, this.#end), start - PREFIX_BYTES);
    return this.length;
  }

  /** Offers the memory for reuse. Call it when nothing reads the bytes any more. */
  giveBack(): void {
    const writer = this.#writer;
    const isReusable = !this.#isEncoding && !this.#isShared && writer.buf.length <= MAX_SPARE_BYTES;
    if (isReusable && spare.length < MAX_SPARE) spare.push(writer.reset());
  }

  get #lastBytes(): number {
    return this.#writer.pos - this.#end - PREFIX_BYTES;
  }

  /** Writes a prefix without its length, which {@link keep} fills in. */
  #beginMessage(): void {
    this.#writer.uint32(0).fixed32(0);
  }
}
