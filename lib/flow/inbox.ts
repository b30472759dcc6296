import { Fifo } from './fifo.ts';
import type { ByteSource } from './receive.ts';

/**
 * More would be no faster, for below this there are more that have come already; and a transport that is asked for more takes in
 * another half of its window.
 */
const MAX_HELD = 8;

/**
 * The messages of a source that gives one each time it is asked, now or later: it is asked as long as fewer than 8 are held for
 * who reads, who is told of each at once.
 */
export abstract class Inbox implements ByteSource {
  readonly holds: number = MAX_HELD;
  /** The next message, and those behind it: mostly there is one, and many calls have no more. */
  #first: Buffer | undefined;
  #others: Fifo<Buffer> | undefined;
  #onReadable: (() => void) | undefined;
  #onEnd: (() => void) | undefined;
  #isAsked = false;
  #isAsking = false;
  #hasEnded = false;
  #hasToldEnd = false;

  get readableLength(): number {
    return this.#first === undefined ? 0 : 1 + (this.#others?.size ?? 0);
  }

  read(): Buffer | null {
    let message = this.#shift();
    this.#ask();
    message ??= this.#shift(); // that came at once
    if (message === undefined && this.#hasEnded) this.#tellEnd();
    return message ?? null;
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
    if (this.#first === undefined) this.#first = message;
    else this.#behind(message);
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
    while (!this.#isAsked && !this.#hasEnded && this.readableLength < MAX_HELD) {
      this.#isAsked = true;
      this.ask();
    }
    this.#isAsking = false;
  }

  #behind(message: Buffer): void {
    this.#others ??= new Fifo();
    this.#others.push(message);
  }

  #shift(): Buffer | undefined {
    const message = this.#first;
    if (message !== undefined) this.#first = this.#others?.shift();
    return message;
  }

  #tellEnd(): void {
    if (this.#hasToldEnd || this.#onEnd === undefined) return;
    this.#hasToldEnd = true;
    this.#onEnd();
  }
}
