import { Fifo } from '../flow/fifo.ts';

/** What a stream of grpc-js holds ahead of its reader, so that a pipeline runs ahead here no further than over the wire. */
const MAX_HELD = 16;

/** The messages of one direction of a call. A write is taken when it is among the 16 that are held. */
export class Pipe {
  readonly #messages = new Fifo<Buffer>();
  readonly #untaken = new Fifo<(error?: Error | null) => void>();
  /** Nobody reads any more: what is written is taken and dropped. */
  #isDrained = false;
  /** The half-close: no more is written. */
  hasEnded = false;

  get size(): number {
    return this.#messages.size;
  }

  /** Whether all that was written has been taken. */
  get isTaken(): boolean {
    return this.#untaken.size === 0;
  }

  write(message: Buffer, taken: (error?: Error | null) => void): void {
    if (!this.#isDrained) this.#messages.push(message);
    if (this.#messages.size <= MAX_HELD) taken();
    else this.#untaken.push(taken);
  }

  read(): Buffer | null {
    const message = this.#messages.shift() ?? null;
    this.#untaken.shift()?.();
    return message;
  }

  drain(): void {
    this.#isDrained = true;
    this.#messages.clear();
    while (this.#untaken.size > 0) this.#untaken.shift()!();
  }
}
