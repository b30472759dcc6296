import { EventEmitter } from 'node:events';
import { deferred } from './deferred.ts';
import type { Pipe } from './pipe.ts';

/**
 * What both halves do: read one pipe, and tell of what has come when the other side has returned. As a Readable of Node, it
 * tells of its end to none but a reader who has found nothing left.
 */
export abstract class Half extends EventEmitter {
  readonly #inbound: Pipe;
  #isLooking = false;
  #hasToldThatItEnds = false;
  #isReadToTheEnd = false;
  #hasToldEnd = false;

  constructor(inbound: Pipe) {
    super();
    this.#inbound = inbound;
  }

  get readableLength(): number {
    return this.#inbound.size;
  }

  read(): Buffer | null {
    const message = this.#inbound.read();
    if (this.#inbound.hasEnded) {
      this.#isReadToTheEnd = this.#inbound.size === 0;
      this.look();
    }
    return message;
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

  protected tellOfMessages(): void {
    const endsNow = this.#inbound.hasEnded && !this.#hasToldThatItEnds;
    if (endsNow) this.#hasToldThatItEnds = true;
    if (endsNow || this.#inbound.size > 0) this.emit('readable');
  }

  protected tellOfEnd(): void {
    if (!this.#isReadToTheEnd || this.#hasToldEnd) return;
    this.#hasToldEnd = true;
    this.emit('end');
  }
}
