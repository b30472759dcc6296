import { RingQueue } from '../backpressure/ring-queue.ts';
import { Inbox } from './inbox.ts';
import type { Encoder, InFlight, MessageSink, Taken } from './message-channel.ts';

/** How a transport takes messages. */
export interface Writing extends InFlight {
  /** Writes that may be under way at once; 1 where messages are joined. */
  readonly maxWrites: number;
  /** Begins a write of several messages, of about so many bytes; undefined where each is a write of its own. */
  readonly join: ((expectedBytes: number) => JoinedMessages) | undefined;
  /** Whether the end has to wait until the last write is on the wire. Default: it goes with it. */
  readonly endsWritten?: boolean;
}

/** Several messages that become one write. */
export interface JoinedMessages {
  readonly count: number;
  /** Of all messages, without what the transport puts before each. */
  readonly messageBytes: number;
  /** A message is being encoded, or could not be: no other can be added. */
  readonly isEncoding: boolean;
  push(message: Uint8Array): void;
  /** Encodes a message, which only {@link keep} adds. Returns its bytes. */
  encode<T>(encoder: Encoder<T>, value: T): number;
  /** Adds the message that was encoded last. */
  keep(): void;
  /** The message that was encoded last. No other can be added. */
  takeBack(): Buffer;
  /** Nobody will look at the bytes any more: their memory can be used again. */
  giveBack(): void;
}

/** A write that waits: a message, or several. */
type Waiting = Buffer | JoinedMessages;

/** Messages are encoded into a shared write while about so many of them fit; larger ones gain nothing by it. */
const MIN_ENCODED = 4;

/**
 * Both directions of a call whose transport gives and takes message by message. What is written while as many writes are under
 * way as may be waits here, as much as its sender gives ({@link InFlight}), and goes into one write where messages can be joined:
 * half of what may be in flight at the most, so that the other half is made meanwhile. One for which there is room never waits.
 */
export abstract class MessageStream extends Inbox implements MessageSink {
  readonly inFlightLimits: Writing;
  /** The writes that wait before the last one. */
  #waiting: RingQueue<Waiting> | undefined;
  /** The write that waits last. Messages may still be added to it. */
  #last: Waiting | undefined;
  /** Of the last joined write that was handed over. */
  #joinedBytes = 0;
  /** Of the largest recent message. Each smaller one lowers it. */
  #recentBytes = 0;
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
    this.#recently(message.byteLength);
    if (this.#hasRoom && !this.#isWaiting) this.#give(message);
    else this.#wait(message);
  }

  /** A message has to wait, and is small enough to be encoded into the write that it will be part of. */
  get appends(): boolean {
    const { join, maxBytes } = this.inFlightLimits;
    return join !== undefined && this.#recentBytes * MIN_ENCODED * 2 <= maxBytes && this.#mustWait;
  }

  append<T>(encoder: Encoder<T>, value: T): number | Buffer {
    const last = this.#last;
    const joined = this.#joinedBehind(last);
    const bytes = joined.encode(encoder, value);
    this.#recently(bytes);
    // A getter of the value may have written another message, which comes before this one.
    if (this.#last !== last || !this.#mustWait || !this.#fits(joined, bytes)) return joined.takeBack();
    joined.keep();
    if (last !== undefined && joined.count === 1) this.#seal(last);
    this.#last = joined;
    return bytes;
  }

  /** Hands over one write; to be called back when it is on the wire. */
  protected abstract give(write: Buffer | JoinedMessages, written: () => void): void;

  /** Calls back when the end may be handed over, at once if it may. */
  protected flush(then: () => void): void {
    if (this.#mayEnd) then();
    else this.#flushed = then;
  }

  get #hasRoom(): boolean {
    return this.#writes < this.inFlightLimits.maxWrites;
  }

  get #isWaiting(): boolean {
    return this.#last !== undefined;
  }

  get #mustWait(): boolean {
    return this.#last !== undefined || !this.#hasRoom;
  }

  get #mayEnd(): boolean {
    return !this.#isWaiting && (this.#writes === 0 || !this.inFlightLimits.endsWritten);
  }

  #recently(bytes: number): void {
    const recent = this.#recentBytes;
    this.#recentBytes = bytes >= recent ? bytes : recent - Math.ceil((recent - bytes) / 8);
  }

  #wait(message: Buffer): void {
    const last = this.#last;
    if (last !== undefined && this.#fits(last, message.byteLength)) {
      const joined = this.#joinedBehind(last);
      joined.push(message);
      this.#last = joined;
    } else {
      if (last !== undefined) this.#seal(last);
      this.#last = message;
    }
  }

  /** Messages to which others may be added: those that wait last, or none yet. */
  #joinedBehind(last: Waiting | undefined): JoinedMessages {
    if (last !== undefined && !(last instanceof Uint8Array) && !last.isEncoding) return last;
    const joined = this.inFlightLimits.join!(this.#joinedBytes);
    if (last instanceof Uint8Array && this.#fits(last, 0)) joined.push(last);
    return joined;
  }

  #fits(waiting: Waiting, bytes: number): boolean {
    const { join, maxMessages, maxBytes } = this.inFlightLimits;
    if (join === undefined) return false;
    if (waiting instanceof Uint8Array) return 1 < maxMessages / 2 && waiting.byteLength + bytes <= maxBytes / 2;
    if (waiting.isEncoding) return false;
    return waiting.count < maxMessages / 2 && waiting.messageBytes + bytes <= maxBytes / 2;
  }

  #seal(last: Waiting): void {
    this.#waiting ??= new RingQueue();
    this.#waiting.push(last);
  }

  #give(write: Waiting): void {
    this.#writes++;
    if (write instanceof Uint8Array) this.#joined = 1;
    else {
      this.#joined = write.count;
      this.#joinedBytes = write.messageBytes;
    }
    this.give(write, this.#written);
  }

  readonly #written = (): void => {
    this.#writes--;
    const count = this.#joined;
    while (this.#isWaiting && this.#hasRoom) this.#give(this.#next()!);
    if (this.#flushed !== undefined && this.#mayEnd) {
      const then = this.#flushed;
      this.#flushed = undefined;
      then();
    }
    this.#taken?.(undefined, count);
  };

  #next(): Waiting | undefined {
    const first = this.#waiting?.shift();
    if (first !== undefined) return first;
    const last = this.#last;
    this.#last = undefined;
    return last;
  }
}
