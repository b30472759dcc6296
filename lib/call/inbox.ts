import { RingQueue } from '../backpressure/ring-queue.ts';
import type { MessageRow, MessageSource } from './message-channel.ts';

/**
 * A larger buffer is no faster: the transport already holds the next messages. It would also make the transport open its window by
 * another half.
 */
const MAX_HELD = 8;

/**
 * Holds received messages until they are read. The transport hands over one message or one row of messages per request, at once or
 * later. The inbox requests while it holds fewer than 8 messages.
 */
export abstract class Inbox implements MessageSource {
  readonly holds: number = MAX_HELD;
  /** The next message or row, and those that follow it. Most often there is one message; many calls have no more. */
  #first: Buffer | MessageRow | undefined;
  #others: RingQueue<Buffer | MessageRow> | undefined;
  #size = 0;
  #isAsked = false;
  #isAsking = false;
  #hasEnded = false;

  get size(): number {
    return this.#size;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  read(): Buffer | null {
    const message = this.#shift();
    this.#ask();
    return message ?? this.#shift() ?? null; // the second one arrived while asking
  }

  readRow(): MessageRow | undefined {
    const row = this.#first;
    if (row === undefined || row instanceof Uint8Array) return undefined;
    this.#size--;
    if (row.size === 1) this.#first = this.#others?.shift();
    this.#ask();
    return row;
  }

  /** Requests one message from the transport, which passes it to {@link take}, perhaps before this returns. */
  protected abstract ask(): void;

  /** Messages have arrived, or the end. Not called while a reader is reading: it finds them itself. */
  protected abstract arrived(): void;

  protected take(message: Buffer): void {
    this.#put(message, 1);
  }

  protected takeRow(row: MessageRow): void {
    this.#put(row, row.size);
  }

  /** Drops the messages, which nobody reads any more. */
  protected drop(): void {
    this.#first = undefined;
    this.#others = undefined;
    this.#size = 0;
  }

  #put(item: Buffer | MessageRow, size: number): void {
    this.#size += size;
    if (this.#first === undefined) this.#first = item;
    else this.#behind(item);
    this.#isAsked = false;
    if (this.#isAsking) return; // the reader that asked reads on
    this.#ask();
    this.arrived();
  }

  /** No message follows. */
  protected close(): void {
    this.#hasEnded = true;
    if (this.#first === undefined && !this.#isAsking) this.arrived();
  }

  /** In a loop: messages that arrive at once do not grow the stack. */
  #ask(): void {
    this.#isAsking = true;
    while (!this.#isAsked && !this.#hasEnded && this.#size < MAX_HELD) {
      this.#isAsked = true;
      this.ask();
    }
    this.#isAsking = false;
  }

  #behind(item: Buffer | MessageRow): void {
    this.#others ??= new RingQueue();
    this.#others.push(item);
  }

  #shift(): Buffer | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#size--;
    if (first instanceof Uint8Array) {
      this.#first = this.#others?.shift();
      return first;
    }
    const message = first.shift();
    if (first.size === 0) this.#first = this.#others?.shift();
    return message;
  }
}
