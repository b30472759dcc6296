import { MessageStream, type Writing } from '../../../lib/call/message-stream.ts';

/** What each joined write was made of. */
const parts = new WeakMap<Buffer, readonly Buffer[]>();
const join = (messages: readonly Buffer[]): Buffer => {
  const joined = Buffer.concat(messages);
  parts.set(joined, [...messages]);
  return joined;
};

/** As the transports of grpc-js have it. */
const inFlight = { maxMessages: 256, maxBytes: 24 * 1024, minMessages: 2 };
export const plain: Writing = { ...inFlight, maxWrites: Number.POSITIVE_INFINITY, join: undefined };
export const oneByOne: Writing = { ...inFlight, maxWrites: 1, join: undefined };
export const joining: Writing = { ...inFlight, maxWrites: 1, join };

/** Keeps what it is given, and says that it is on the wire when told to. */
export class MessageWire extends MessageStream {
  readonly given: Buffer[] = [];
  readonly #callbacks: (() => void)[] = [];

  /** The sizes of the messages in each write. */
  get sizes(): number[][] {
    return this.given.map(write => (parts.get(write) ?? [write]).map(({ byteLength }) => byteLength));
  }

  /** How many messages are in each write. */
  get counts(): number[] {
    return this.sizes.map(({ length }) => length);
  }

  /** The bytes of all writes, one behind the other. */
  get bytes(): number[] {
    return [...Buffer.concat(this.given)];
  }

  get underWay(): number {
    return this.#callbacks.length;
  }

  /** The oldest write is on the wire. */
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

  protected override give(message: Buffer, written: () => void): void {
    this.given.push(message);
    this.#callbacks.push(written);
  }
}
