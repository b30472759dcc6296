import type { MessageSource } from '../call/message-channel.ts';
import { deferred } from './deferred.ts';
import { MAX_HELD, type Pipe } from './pipe.ts';

/** One side of a call: reads one pipe, and calls its listener after the other side has returned. */
export abstract class Half implements MessageSource {
  readonly holds: number = MAX_HELD;
  readonly #inbound: Pipe;
  #isLooking = false;

  constructor(inbound: Pipe) {
    this.#inbound = inbound;
  }

  get size(): number {
    return this.#inbound.size;
  }

  abstract readonly hasEnded: boolean;

  read(): Buffer | null {
    return this.#inbound.read();
  }

  look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    deferred(() => {
      this.#isLooking = false;
      this.tell();
    });
  }

  protected abstract tell(): void;
}
