import type { Readable } from 'node:stream';
import type { MessageSource } from '../call/message-channel.ts';

/** The received messages of a stream of grpc-js. Nothing is requested from the stream before the first read. */
export class StreamMessages implements MessageSource {
  readonly holds: number;
  readonly #stream: Readable;
  readonly #arrived: () => void;
  #isOpen = false;
  /** The message that was read to see whether the stream ends. */
  #seen: Buffer | null = null;

  /** @param arrived messages have arrived, or the end. */
  constructor(stream: Readable, arrived: () => void) {
    this.#stream = stream;
    this.#arrived = arrived;
    this.holds = stream.readableHighWaterMark;
  }

  get size(): number {
    return this.#stream.readableLength + (this.#seen === null ? 0 : 1);
  }

  get hasEnded(): boolean {
    return this.#stream.readableEnded;
  }

  read(): Buffer | null {
    if (!this.#isOpen) this.#open();
    const seen = this.#seen;
    if (seen === null) return this.#stream.read();
    this.#seen = null;
    return seen;
  }

  #open(): void {
    this.#isOpen = true;
    this.#stream.on('readable', () => {
      // A Readable ends when it is read once more and is empty.
      if (this.#stream.readableLength === 0) this.#seen ??= this.#stream.read();
      this.#arrived();
    });
    this.#stream.on('end', this.#arrived);
  }
}
