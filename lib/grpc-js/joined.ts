import protobuf from 'protobufjs/minimal.js';

/** What precedes a message on the wire: whether it is compressed, and its length in four bytes. */
const PREFIX_BYTES = 5;

/** Memory that waits for messages: 512 KiB at the most. */
const MAX_SPARE = 16;
const MAX_SPARE_BYTES = 32 * 1024;

/** Fewer bytes get new memory: a call that sends little keeps no more than it needs while its peer does not read. */
const MIN_SPARE_BYTES = 1024;

/** Messages that take no more bytes are copied out of the memory in which they were encoded. */
const MAX_COPIED_BYTES = 16 * 1024;

const spare: protobuf.Writer[] = [];

/**
 * Several messages as one that grpc-js writes. gRPC allows for it: a stream of messages, each behind its prefix, knows no writes.
 *
 * grpc-js makes a frame of a message: it puts a prefix with the length before it and has the message copy itself behind that.
 * These messages have their prefixes already, and the first one overwrites that of grpc-js. This is no Buffer on purpose: a grpc-js
 * that did anything else with it would fail, where it would send wrong bytes of a Buffer. `mayJoin` tries it once.
 */
export class Joined {
  #writer: protobuf.Writer;
  /** Where the messages end that were added. */
  #end = 0;
  #count = 0;
  #isEncoding = false;
  #isShared = false;

  /** @param expectedBytes about how many bytes it will have */
  constructor(expectedBytes = 0) {
    this.#writer = (expectedBytes < MIN_SPARE_BYTES ? undefined : spare.pop()) ?? protobuf.Writer.create();
  }

  /** Of the messages that were added. */
  get count(): number {
    return this.#count;
  }

  get messageBytes(): number {
    return this.#end - this.#count * PREFIX_BYTES;
  }

  /** A message is being encoded, or could not be: no other can be added. */
  get isEncoding(): boolean {
    return this.#isEncoding;
  }

  push(message: Uint8Array): void {
    this.#beginMessage();
    this.#writer.raw(message);
    this.keep();
  }

  /** Encodes a message behind the others and gives its bytes. It is not added before {@link keep}. */
  encode<T>(encodeInto: (writer: protobuf.Writer, value: T) => void, value: T): number {
    this.#isEncoding = true; // and stays so when this throws, which leaves the writer half-way
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

  /** The message that was encoded last, which is not added. Nothing can be added any more. */
  takeBack(): Buffer {
    const { buf, pos } = this.#writer;
    const message = buf.subarray(this.#end + PREFIX_BYTES, pos) as Buffer;
    if (message.length <= MAX_COPIED_BYTES) return Buffer.from(message);
    this.#isShared = true;
    return message;
  }

  /** As much of a Buffer as grpc-js uses of a message. Without the first prefix, which grpc-js makes room for. */
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

  /** To be called when nobody will look at the bytes any more. */
  giveBack(): void {
    const writer = this.#writer;
    const isReusable = !this.#isEncoding && !this.#isShared && writer.buf.length <= MAX_SPARE_BYTES;
    if (isReusable && spare.length < MAX_SPARE) spare.push(writer.reset());
  }

  get #lastBytes(): number {
    return this.#writer.pos - this.#end - PREFIX_BYTES;
  }

  /** A prefix whose length is not yet known. */
  #beginMessage(): void {
    this.#writer.uint32(0).fixed32(0);
  }
}
