import { RingQueue } from '../backpressure/ring-queue.ts';
import { deferred } from './deferred.ts';

/** What a stream of grpc-js holds ahead of its reader, so that a pipeline runs ahead here no further than over the wire. */
export const MAX_HELD = 16;

type Taken = (error?: Error | null) => void;

/**
 * The messages of one direction of a call. A write is taken when it is among the 16 that are held: at once, or later when one
 * has been read, but never while it is read; else a source without end would never let its reader go.
 */
export class Pipe {
  readonly #messages = new RingQueue<Buffer>();
  readonly #untaken = new RingQueue<Taken>();
  #isDrained = false;
  #isTaking = false;
  /** The half-close: no more is written. */
  hasEnded = false;

  get size(): number {
    return this.#messages.size;
  }

  write(message: Buffer, taken: Taken): void {
    if (!this.#isDrained) this.#messages.push(copyOf(message));
    if (!this.#isDrained && this.#untaken.size === 0 && this.size <= MAX_HELD) taken();
    else this.#untaken.push(taken);
    if (this.#isDrained) this.#takeSoon();
  }

  read(): Buffer | null {
    const message = this.#messages.shift() ?? null;
    if (this.#untaken.size > 0) this.#takeSoon();
    return message;
  }

  /** Nobody reads any more: what is written is taken and goes nowhere. */
  drain(): void {
    this.#isDrained = true;
    this.#messages.clear();
    if (this.#untaken.size > 0) this.#takeSoon();
  }

  #takeSoon(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    deferred(() => {
      this.#isTaking = false;
      const room = MAX_HELD - (this.size - this.#untaken.size);
      for (let n = 0; n < room && this.#untaken.size > 0; n++) this.#untaken.shift()!();
    });
  }
}

/** A serializer may give its own bytes, which a wire would copy. What is no bytes is handed over as it is. */
function copyOf(message: Buffer): Buffer {
  return message instanceof Uint8Array ? Buffer.from(message) : message;
}
