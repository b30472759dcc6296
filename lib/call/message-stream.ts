import { Fifo } from '../backpressure/ring-queue.ts';
import { Inbox } from './inbox.ts';
import type { ByteSink, InFlight, Taken } from './send.ts';

/** How a transport takes messages. */
export interface Writing extends InFlight {
  /** Writes that may be under way at once; 1 where messages are joined. */
  readonly maxWrites: number;
  /** Makes one write of several messages; undefined where each is a write of its own. */
  readonly join: ((messages: readonly Buffer[]) => Buffer) | undefined;
  /** Whether the end has to wait until the last write is on the wire. Default: it goes with it. */
  readonly endsWritten?: boolean;
}

/**
 * Both directions of a call whose transport gives and takes message by message. What is written while as many writes are under
 * way as may be waits here, as much as its sender gives ({@link InFlight}), and goes into one write where messages can be joined:
 * half of what may be in flight at the most, so that the other half is made meanwhile. One for which there is room never waits.
 */
export abstract class MessageStream extends Inbox implements ByteSink {
  readonly inFlightLimits: Writing;
  #waiting: Fifo<Buffer> | undefined;
  #writes = 0;
  /** Messages in the write that is under way. */
  #joined = 1;
  #taken: Taken | undefined;
  #flushed: (() => void) | undefined;

  constructor(writing: Writing) {
    super();
    this.inFlightLimits = writing;
  }

  write(message: Buffer, taken: Taken): void {
    this.#taken = taken;
    if (this.#hasRoom && !this.#isWaiting) this.#give(message, 1);
    else this.#wait(message);
  }

  /** Hands over one write; to be called back when it is on the wire. */
  protected abstract give(message: Buffer, written: () => void): void;

  /** Calls back when the end may be handed over, at once if it may. */
  protected flush(then: () => void): void {
    if (this.#mayEnd) then();
    else this.#flushed = then;
  }

  get #hasRoom(): boolean {
    return this.#writes < this.inFlightLimits.maxWrites;
  }

  get #isWaiting(): boolean {
    return this.#waiting !== undefined && this.#waiting.size > 0;
  }

  get #mayEnd(): boolean {
    return !this.#isWaiting && (this.#writes === 0 || !this.inFlightLimits.endsWritten);
  }

  #wait(message: Buffer): void {
    this.#waiting ??= new Fifo();
    this.#waiting.push(message);
  }

  #give(message: Buffer, count: number): void {
    this.#writes++;
    this.#joined = count;
    this.give(message, this.#written);
  }

  readonly #written = (): void => {
    this.#writes--;
    const count = this.#joined;
    while (this.#isWaiting && this.#hasRoom) this.#giveNext(this.#waiting!);
    if (this.#flushed !== undefined && this.#mayEnd) {
      const then = this.#flushed;
      this.#flushed = undefined;
      then();
    }
    this.#taken?.(undefined, count);
  };

  #giveNext(waiting: Fifo<Buffer>): void {
    const { join, maxMessages, maxBytes } = this.inFlightLimits;
    const first = waiting.shift()!;
    let bytes = first.byteLength;
    const fits = (next: Buffer | undefined) => next !== undefined && bytes + next.byteLength <= maxBytes / 2;
    if (join === undefined || !fits(waiting.peek())) {
      this.#give(first, 1);
      return;
    }
    const messages = [first];
    while (messages.length < maxMessages / 2 && fits(waiting.peek())) {
      const next = waiting.shift()!;
      messages.push(next);
      bytes += next.byteLength;
    }
    this.#give(join(messages), messages.length);
  }
}
