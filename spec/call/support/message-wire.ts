import type { Encoder } from '../../../lib/call/message-channel.ts';
import { type JoinedMessages, MessageStream, type Writing } from '../../../lib/call/message-stream.ts';

/** A list of messages. An encoder writes the bytes of one into an array. */
class Joined implements JoinedMessages {
  readonly messages: Buffer[] = [];
  isEncoding = false;
  #encoded: Buffer | undefined;

  get count(): number {
    return this.messages.length;
  }

  get messageBytes(): number {
    return this.messages.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  push(message: Uint8Array): void {
    this.messages.push(Buffer.from(message));
  }

  encode<T>(encoder: Encoder<T>, value: T): number {
    const memory: number[] = [];
    this.isEncoding = true;
    encoder(memory, value);
    this.isEncoding = false;
    this.#encoded = Buffer.from(memory);
    return memory.length;
  }

  keep(): void {
    this.messages.push(this.#encoded!);
  }

  takeBack(): Buffer {
    return this.#encoded!;
  }

  giveBack(): void {}
}

/** Like the transports of grpc-js. */
const inFlight = { maxMessages: 256, maxBytes: 24 * 1024, minMessages: 2 };
export const plain: Writing = { ...inFlight, maxWrites: Number.POSITIVE_INFINITY, join: undefined };
export const oneByOne: Writing = { ...inFlight, maxWrites: 1, join: undefined };
export const joining: Writing = { ...inFlight, maxWrites: 1, join: () => new Joined() };

/** Records writes, and completes them on command. */
export class MessageWire extends MessageStream {
  readonly given: (Buffer | JoinedMessages)[] = [];
  readonly #callbacks: (() => void)[] = [];

  /** The sizes of the messages in each write. */
  get sizes(): number[][] {
    return this.given.map(write => messagesOf(write).map(({ byteLength }) => byteLength));
  }

  /** The number of messages in each write. */
  get counts(): number[] {
    return this.sizes.map(({ length }) => length);
  }

  /** The bytes of all writes, concatenated. */
  get bytes(): number[] {
    return [...Buffer.concat(this.given.flatMap(messagesOf))];
  }

  get underWay(): number {
    return this.#callbacks.length;
  }

  /** Completes the oldest write. */
  written(): void {
    this.#callbacks.shift()!();
  }

  allWritten(): void {
    while (this.underWay > 0) this.written();
  }

  whenFlushed(then: () => void): void {
    this.flush(then);
  }

  protected override ask(): void {}

  protected override arrived(): void {}

  protected override give(write: Buffer | JoinedMessages, written: () => void): void {
    this.given.push(write);
    this.#callbacks.push(written);
  }
}

/** The messages in a write. */
export function messagesOf(write: Buffer | JoinedMessages): readonly Buffer[] {
  return write instanceof Joined ? write.messages : [write as Buffer];
}
