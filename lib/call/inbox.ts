import { RingQueue } from '../backpressure/ring-queue.ts';
import type { ByteSource, MessageRow } from './receive.ts';

/**
 * More would be no faster, for below this there are more that have come already; and a transport that is asked for more takes in
 * another half of its window.
 */
const MAX_HELD = 8;

/**
 * The messages of a source that hands over one message or one row of messages each time it is asked, now or later. The source is asked
 * while fewer than 8 messages are held for the reader. The reader is told of messages at once.
 */
export abstract class Inbox implements ByteSource {
  readonly holds: number = MAX_HELD;
  /** What is read next, and what follows: mostly there is one message, and many calls have no more. */
  #first: Buffer | MessageRow | undefined;
  #others: RingQueue<Buffer | MessageRow> | undefined;
  /** Messages that are held. */
  #size = 0;
  #onReadable: (() => void) | undefined;
  #onEnd: (() => void) | undefined;
  #isAsked = false;
  #isAsking = false;
  #hasEnded = false;
  #hasToldEnd = false;

  get readableLength(): number {
    return this.#size;
  }

  read(): Buffer | null {
    let message = this.#shift();
    this.#ask();
    message ??= this.#shift(); // that came at once
    if (message === undefined && this.#hasEnded) this.#tellEnd();
    return message ?? null;
  }

  readRow(): MessageRow | undefined {
    const row = this.#first;
    if (row === undefined || row instanceof Uint8Array) return undefined;
    this.#size--;
    if (row.size === 1) this.#first = this.#others?.shift();
    this.#ask();
    return row;
  }

  on(event: string, listener: (...args: any[]) => void): void {
    if (event === 'readable') this.#onReadable = listener;
    else if (event === 'end') this.#onEnd = listener;
  }

  off(event: 'readable' | 'end'): void {
    if (event === 'readable') this.#onReadable = undefined;
    else this.#onEnd = undefined;
  }

  /** Asks the source for one message, which comes to {@link take}, perhaps before this returns. */
  protected abstract ask(): void;

  protected take(message: Buffer): void {
    this.#put(message, 1);
  }

  /** Takes several messages at once. */
  protected takeRow(row: MessageRow): void {
    this.#put(row, row.size);
  }

  /** Drops what is held: nobody reads it any more. */
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
    if (this.#isAsking) return; // who asked reads on
    this.#ask();
    this.#onReadable?.();
  }

  /** Nothing more comes. */
  protected close(): void {
    this.#hasEnded = true;
    if (this.#first === undefined) this.#tellEnd();
  }

  /** In a loop: what comes at once does not grow the stack. */
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

  #tellEnd(): void {
    if (this.#hasToldEnd || this.#onEnd === undefined) return;
    this.#hasToldEnd = true;
    this.#onEnd();
  }
}
