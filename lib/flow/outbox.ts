import { Fifo } from './fifo.ts';
import type { Taken } from './send.ts';

/** How a transport takes messages. */
export interface Writing {
  /** Hands over one write; called back when it is on the wire. */
  readonly write: (message: Buffer, written: () => void) => void;
  /** Writes that may be under way at once. */
  readonly maxWrites: number;
  /** Makes one write of several messages; undefined where each is a write of its own. */
  readonly join: ((messages: readonly Buffer[]) => Buffer) | undefined;
  /** The most that one write may be made of. A message that is larger goes alone. */
  readonly maxJoinedMessages: number;
  readonly maxJoinedBytes: number;
}

/**
 * Messages on their way into a transport. What comes while as many writes are under way as may be waits here, as long as its
 * sender lets it, and goes into one write where they can be joined; a message for which there is room never waits.
 */
export class Outbox {
  readonly #writing: Writing;
  readonly #waiting = new Fifo<Buffer>();
  /** Of each write under way, its messages. */
  readonly #counts = new Fifo<number>();
  #taken: Taken | undefined;
  #flushed: (() => void) | undefined;

  constructor(writing: Writing) {
    this.#writing = writing;
  }

  /** @param taken the same function for all messages. */
  write(message: Buffer, taken: Taken): void {
    this.#taken = taken;
    if (this.#hasRoom && this.#waiting.size === 0) this.#give(message, 1);
    else this.#waiting.push(message);
  }

  /** Calls back when all has been handed over, at once if it has. */
  flush(then: () => void): void {
    if (this.#waiting.size === 0) then();
    else this.#flushed = then;
  }

  get #hasRoom(): boolean {
    return this.#counts.size < this.#writing.maxWrites;
  }

  #give(message: Buffer, count: number): void {
    this.#counts.push(count);
    this.#writing.write(message, this.#written);
  }

  readonly #written = (): void => {
    const count = this.#counts.shift()!;
    while (this.#waiting.size > 0 && this.#hasRoom) this.#giveNext();
    if (this.#waiting.size === 0) {
      const then = this.#flushed;
      this.#flushed = undefined;
      then?.();
    }
    this.#taken?.(undefined, count);
  };

  #giveNext(): void {
    const { join, maxJoinedMessages, maxJoinedBytes } = this.#writing;
    const first = this.#waiting.shift()!;
    let bytes = first.byteLength;
    const fits = (next: Buffer | undefined) => next !== undefined && bytes + next.byteLength <= maxJoinedBytes;
    if (join === undefined || !fits(this.#waiting.peek())) return this.#give(first, 1);
    const messages = [first];
    while (messages.length < maxJoinedMessages && fits(this.#waiting.peek())) {
      const next = this.#waiting.shift()!;
      messages.push(next);
      bytes += next.byteLength;
    }
    this.#give(join(messages), messages.length);
  }
}
